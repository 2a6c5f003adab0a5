#include "store/sqlite/database.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "store/test_folder.hpp"
#include "writer/store.hpp"

namespace mb::store::sqlite {

namespace {

constexpr Sql insert{R"sql(INSERT INTO t (k, v) VALUES ($1, $2))sql"};
constexpr Sql insert_swapped{R"sql(INSERT INTO t (v, k) VALUES ($2, $1))sql"};
constexpr Sql select{R"sql(SELECT k, v, b FROM t ORDER BY k)sql"};
constexpr Sql count{R"sql(SELECT count(*) FROM t)sql"};
constexpr Sql put_blob{R"sql(UPDATE t SET b = $1 WHERE k = $2)sql"};
constexpr Sql put_child{R"sql(INSERT INTO child (k) VALUES ($1))sql"};
constexpr Sql no_table{R"sql(SELECT x FROM nowhere)sql"};

class Sqlite : public testing::Test {
protected:
    Sqlite() {
        database_.write()->script(
            "CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL, b BLOB) STRICT;"
            "CREATE TABLE child (k INTEGER NOT NULL,"
            " FOREIGN KEY (k) REFERENCES t (k) DEFERRABLE INITIALLY DEFERRED) STRICT");
    }
    void put(std::int64_t key, std::string_view value) {
        const Lease session = database_.write();
        Transaction transaction(*session);
        Statement& statement = session->statement(insert);
        statement.bind_integer(1, key);
        statement.bind_text(2, value);
        EXPECT_EQ(1, statement.run());
        transaction.commit();
    }
    std::int64_t rows() {
        const Lease session = database_.read();
        Statement& statement = session->statement(count);
        return statement.next() ? statement.integer(0) : -1;
    }

    test::TestFolder folder_;
    DatabaseOptions options_{.path = folder_.file("a.db")};
    SqliteDatabase database_{options_};
};

TEST_F(Sqlite, values_come_back) {
    put(7, "热水");
    {
        const Lease session = database_.write();
        Statement& statement = session->statement(put_blob);
        const Bytes bytes{0, 1, 0};
        statement.bind_blob(1, bytes);
        statement.bind_integer(2, 7);
        statement.run();
    }
    const Lease session = database_.read();
    Statement& row = session->statement(select);
    ASSERT_TRUE(row.next());
    EXPECT_EQ(7, row.integer(0));
    EXPECT_EQ("热水", row.text(1));
    EXPECT_EQ(3U, row.blob(2).size());
    EXPECT_EQ(Statement::Type::blob, row.type(2));
    EXPECT_FALSE(row.next());
}

TEST_F(Sqlite, placeholders_go_by_number) {
    const Lease session = database_.write();
    Statement& statement = session->statement(insert_swapped);
    statement.bind_integer(1, 3);
    statement.bind_text(2, "three");
    statement.run();
    Statement& row = session->statement(select);
    ASSERT_TRUE(row.next());
    EXPECT_EQ(3, row.integer(0));
    EXPECT_EQ("a ?1 '$2' \"$3\" ?10", with_sqlite_placeholders("a $1 '$2' \"$3\" $10"));
}

TEST_F(Sqlite, a_reader_sees_one_moment) {
    put(1, "a");
    const Lease reader = database_.read();
    Statement& statement = reader->statement(count);
    ASSERT_TRUE(statement.next());
    EXPECT_EQ(1, statement.integer(0));
    put(2, "b");
    Statement& again = reader->statement(count);
    ASSERT_TRUE(again.next());
    EXPECT_EQ(1, again.integer(0));
    EXPECT_EQ(2, rows());
}

TEST_F(Sqlite, readers_can_not_write) {
    const Lease reader = database_.read();
    Statement& statement = reader->statement(insert);
    statement.bind_integer(1, 1);
    statement.bind_text(2, "x");
    EXPECT_THROW(statement.run(), writer::StoreUnavailable);
}

TEST_F(Sqlite, a_transaction_left_open_is_undone) {
    {
        const Lease session = database_.write();
        const Transaction transaction(*session);
        Statement& statement = session->statement(insert);
        statement.bind_integer(1, 1);
        statement.bind_text(2, "x");
        statement.run();
    }
    EXPECT_EQ(0, rows());
}

TEST_F(Sqlite, constraints) {
    put(1, "a");
    EXPECT_THROW(put(1, "b"), writer::StoreConstraint);
    const Lease session = database_.write();
    Statement& statement = session->statement(insert);
    statement.bind_integer(1, 2);
    statement.bind_null(2);
    EXPECT_THROW(statement.run(), writer::StoreConstraint);
    Statement& wrong_type = session->statement(insert);
    wrong_type.bind_text(1, "two");
    wrong_type.bind_text(2, "x");
    EXPECT_THROW(wrong_type.run(), writer::StoreConstraint);
}

TEST_F(Sqlite, a_deferred_foreign_key_refuses_the_commit) {
    {
        const Lease session = database_.write();
        Transaction transaction(*session);
        Statement& statement = session->statement(put_child);
        statement.bind_integer(1, 5);
        statement.run();
        EXPECT_THROW(transaction.commit(), writer::StoreConstraint);
    }
    put(5, "the next transaction is not disturbed");
    EXPECT_EQ(1, rows());
}

TEST_F(Sqlite, damage_is_told_from_misfortune) {
    EXPECT_THROW(database_.read()->statement(no_table), writer::StoreCorrupt);
    EXPECT_THROW(SqliteDatabase({.path = folder_.file("no/such/folder.db")}),
                 writer::StoreUnavailable);
    {
        std::FILE* file = std::fopen(folder_.file("foreign.db").c_str(), "w");
        for (int i = 0; i < 2000; ++i) {
            std::fputs("not a database ", file);
        }
        std::fclose(file);
    }
    EXPECT_THROW(SqliteDatabase({.path = folder_.file("foreign.db")}), writer::StoreCorrupt);
}

TEST_F(Sqlite, a_full_disk_refuses_writes_and_goes_on_reading) {
    put(1, "a");
    options_.path = folder_.file("small.db");
    options_.max_pages = 12;
    SqliteDatabase small(options_);
    small.write()->script("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL, b BLOB) STRICT");
    const std::string long_text(3000, 'x');
    std::int64_t stored = 0;
    const auto fill = [&] {
        for (std::int64_t key = 1; key < 100; ++key) {
            const Lease session = small.write();
            Transaction transaction(*session);
            Statement& statement = session->statement(insert);
            statement.bind_integer(1, key);
            statement.bind_text(2, long_text);
            statement.run();
            transaction.commit();
            stored = key;
        }
    };
    try {
        fill();
        FAIL() << "twelve pages held a hundred rows";
    } catch (const writer::StoreUnavailable& error) {
        EXPECT_TRUE(error.disk_full);
        EXPECT_FALSE(error.must_stop);
    }
    const Lease session = small.read();
    Statement& statement = session->statement(count);
    ASSERT_TRUE(statement.next());
    EXPECT_EQ(stored, statement.integer(0));
    EXPECT_GT(stored, 0);
}

TEST_F(Sqlite, many_threads_borrow) {
    constexpr int threads = 12;
    constexpr int each = 20;
    std::vector<std::thread> running;
    for (int thread = 0; thread < threads; ++thread) {
        running.emplace_back([&, thread] {
            for (int i = 0; i < each; ++i) {
                put(thread * each + i, "x");
                EXPECT_GT(rows(), 0);
            }
        });
    }
    for (std::thread& thread : running) {
        thread.join();
    }
    EXPECT_EQ(threads * each, rows());
}

TEST_F(Sqlite, exclusive_serves_reads_from_the_one_connection) {
    options_.path = folder_.file("exclusive.db");
    options_.exclusive = true;
    SqliteDatabase alone(options_);
    alone.write()->script("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL, b BLOB) STRICT");
    const Lease session = alone.read();
    Statement& statement = session->statement(count);
    ASSERT_TRUE(statement.next());
    EXPECT_EQ(0, statement.integer(0));
}

}  // namespace

}  // namespace mb::store::sqlite
