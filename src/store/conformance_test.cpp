// What the Database seam promises, on every engine.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>

#include "store/retrying.hpp"
#include "store/test_engines.hpp"

namespace mb::store {

namespace {

using namespace test;

constexpr Sql insert{R"sql(INSERT INTO t (k, n, s, b) VALUES ($1, $2, $3, $4))sql"};
constexpr Sql upsert{R"sql(
INSERT INTO t (k, n, s, b) VALUES ($1, $2, $3, $4)
ON CONFLICT (k) DO UPDATE SET n = excluded.n, s = excluded.s, b = excluded.b
)sql"};
constexpr Sql keep{R"sql(
INSERT INTO t (k, n, s, b) VALUES ($1, $2, $3, $4) ON CONFLICT (k) DO NOTHING
)sql"};
constexpr Sql all{R"sql(SELECT k, n, s, b FROM t ORDER BY k)sql"};
constexpr Sql by_text{R"sql(SELECT k FROM t ORDER BY s, k)sql"};
constexpr Sql swapped{R"sql(SELECT k FROM t WHERE s = $2 AND k > $1 ORDER BY k)sql"};
constexpr Sql count{R"sql(SELECT count(*) FROM t)sql"};
constexpr Sql sum{R"sql(SELECT CAST(sum(n) AS bigint) FROM t)sql"};
constexpr Sql drop{R"sql(DELETE FROM t WHERE k >= $1)sql"};
constexpr Sql put_child{R"sql(INSERT INTO child (k) VALUES ($1))sql"};
constexpr Sql no_table{R"sql(SELECT x FROM nowhere)sql"};
constexpr Sql flags{R"sql(SELECT k > 1, n IS NULL FROM t ORDER BY k)sql"};

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

class Conformance : public EngineTest {
protected:
    Conformance() {
        const Lease session = database().write();
        session->script(expand_all(
            "CREATE TABLE t (k {i64} NOT NULL, n {i64}, s {text}, b {blob}, PRIMARY KEY (k),"
            " CHECK (k <> -13)){clustered};"
            "CREATE TABLE child (k {i64} NOT NULL, PRIMARY KEY (k),"
            " FOREIGN KEY (k) REFERENCES t (k) DEFERRABLE INITIALLY DEFERRED){clustered}"));
    }
    std::string expand_all(std::string text) {
        const Dialect& dialect = database().dialect();
        for (const auto& [token, word] : {std::pair{"{i64}", &dialect.i64},
                                          {"{text}", &dialect.text},
                                          {"{blob}", &dialect.blob},
                                          {"{clustered}", &dialect.clustered}}) {
            for (std::size_t at = 0; (at = text.find(token)) != std::string::npos;) {
                text.replace(at, std::string_view(token).size(), *word);
            }
        }
        return text;
    }
    /// Binds NULL where there is no value.
    static Statement& bound(Session& session, const Sql& sql, std::int64_t key,
                            std::optional<std::int64_t> number = {},
                            std::optional<std::string> text = {}, std::optional<Bytes> blob = {}) {
        static thread_local Bytes kept;
        Statement& statement = session.statement(sql);
        statement.bind_integer(1, key);
        number ? statement.bind_integer(2, *number) : statement.bind_null(2);
        text ? statement.bind_text(3, *text) : statement.bind_null(3);
        if (blob) {
            kept = std::move(*blob);
            statement.bind_blob(4, kept);
        } else {
            statement.bind_null(4);
        }
        return statement;
    }
    void put(std::int64_t key, std::optional<std::int64_t> number = {},
             std::optional<std::string> text = {}, std::optional<Bytes> blob = {}) {
        const Lease session = database().write();
        Transaction transaction(*session);
        EXPECT_EQ(1, bound(*session, insert, key, number, std::move(text), std::move(blob)).run());
        transaction.commit();
    }
    std::int64_t rows() {
        const Lease session = database().read();
        Statement& statement = session->statement(count);
        return statement.next() ? statement.integer(0) : -1;
    }
};

MB_ON_EVERY_ENGINE(Conformance);

TEST_P(Conformance, values_at_their_limits_come_back) {
    Bytes bytes(70'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(i);
    }
    put(1, least, "", Bytes{});
    put(2, most, "充值 ✓ 'quoted' \\ %s", bytes);
    put(3, -1, std::string(100'000, 'x'), Bytes{0, 0, 0});
    put(least);
    const Lease session = database().read();
    Statement& row = session->statement(all);
    ASSERT_TRUE(row.next());
    EXPECT_EQ(least, row.integer(0));
    for (int column = 1; column < 4; ++column) {
        EXPECT_EQ(Statement::Type::null, row.type(column));
    }
    EXPECT_EQ(0, row.integer(1)) << "NULL reads as 0";
    EXPECT_EQ("", row.text(2));
    EXPECT_TRUE(row.blob(3).empty());
    ASSERT_TRUE(row.next());
    EXPECT_EQ(4, row.columns());
    EXPECT_EQ(Statement::Type::integer, row.type(1));
    EXPECT_EQ(Statement::Type::text, row.type(2)) << "empty is not NULL";
    EXPECT_EQ(Statement::Type::blob, row.type(3));
    EXPECT_EQ(least, row.integer(1));
    ASSERT_TRUE(row.next());
    EXPECT_EQ(most, row.integer(1));
    EXPECT_EQ("充值 ✓ 'quoted' \\ %s", row.text(2));
    EXPECT_EQ(bytes, Bytes(row.blob(3).begin(), row.blob(3).end()));
    ASSERT_TRUE(row.next());
    EXPECT_EQ(-1, row.integer(1));
    EXPECT_EQ(100'000U, row.text(2).size());
    EXPECT_EQ((Bytes{0, 0, 0}), Bytes(row.blob(3).begin(), row.blob(3).end()));
    EXPECT_FALSE(row.next());
}

TEST_P(Conformance, a_statement_takes_null_first_and_a_value_later) {
    put(1);
    put(2, 5, "b", Bytes{7});
    put(3);
    const Lease session = database().read();
    Statement& row = session->statement(flags);
    ASSERT_TRUE(row.next());
    EXPECT_EQ(0, row.integer(0)) << "conditions are 0 and 1";
    EXPECT_EQ(1, row.integer(1));
    ASSERT_TRUE(row.next());
    EXPECT_EQ(1, row.integer(0));
    EXPECT_EQ(0, row.integer(1));
}

TEST_P(Conformance, placeholders_are_numbers_and_text_compares_by_its_bytes) {
    for (const auto& [key, text] : std::vector<std::pair<int, std::string>>{
             {1, "b"}, {2, "B"}, {3, "é"}, {4, "a"}, {5, "z"}, {6, "_"}, {7, "楼"}}) {
        put(key, 0, text);
    }
    const Lease session = database().read();
    std::vector<std::int64_t> order;
    Statement& row = session->statement(by_text);
    while (row.next()) {
        order.push_back(row.integer(0));
    }
    EXPECT_EQ((std::vector<std::int64_t>{2, 6, 4, 1, 5, 3, 7}), order);
    Statement& found = session->statement(swapped);
    found.bind_integer(1, 0);
    found.bind_text(2, "楼");
    ASSERT_TRUE(found.next());
    EXPECT_EQ(7, found.integer(0));
}

TEST_P(Conformance, rows_of_two_statements_interleave) {
    const Lease writing = database().write();
    Transaction transaction(*writing);
    for (int key = 0; key < 1000; ++key) {
        bound(*writing, insert, key, key).queue();
    }
    transaction.commit();
    const Lease session = database().read();
    Statement& outer = session->statement(all);
    std::int64_t seen = 0;
    while (outer.next()) {
        EXPECT_EQ(seen, outer.integer(0));
        if (seen % 100 == 0) {
            Statement& inner = session->statement(count);
            ASSERT_TRUE(inner.next());
            EXPECT_EQ(1000, inner.integer(0));
        }
        EXPECT_EQ(seen, outer.integer(1));
        ++seen;
    }
    EXPECT_EQ(1000, seen);
    Statement& again = session->statement(all);
    ASSERT_TRUE(again.next());
    ASSERT_TRUE(again.next());
    Statement& anew = session->statement(all);
    ASSERT_TRUE(anew.next());
    EXPECT_EQ(0, anew.integer(0)) << "left in the middle, asked for anew";
}

TEST_P(Conformance, upserts_count_what_they_changed) {
    put(1, 1, "old");
    const Lease session = database().write();
    {
        Transaction transaction(*session);
        EXPECT_EQ(1, bound(*session, upsert, 1, 2, "new").run());
        EXPECT_EQ(1, bound(*session, upsert, 2, 3).run());
        EXPECT_EQ(0, bound(*session, keep, 1, 9).run());
        Statement& some = session->statement(drop);
        some.bind_integer(1, 2);
        EXPECT_EQ(1, some.run());
        transaction.commit();
    }
    Statement& row = session->statement(all);
    ASSERT_TRUE(row.next());
    EXPECT_EQ(2, row.integer(1));
    EXPECT_EQ("new", row.text(2));
    EXPECT_FALSE(row.next());
}

TEST_P(Conformance, a_key_a_check_a_parent_refuse) {
    put(1);
    EXPECT_THROW(put(1), writer::StoreConstraint);
    EXPECT_THROW(put(-13), writer::StoreConstraint);
    const Lease session = database().write();
    {
        Transaction transaction(*session);
        Statement& child = session->statement(put_child);
        child.bind_integer(1, 5);
        child.run();
        EXPECT_THROW(transaction.commit(), writer::StoreConstraint) << "no parent at the end";
    }
    {
        Transaction transaction(*session);
        Statement& child = session->statement(put_child);
        child.bind_integer(1, 5);
        child.run();
        bound(*session, insert, 5).run();
        transaction.commit();
    }
    EXPECT_EQ(2, rows()) << "the parent may come later";
}

TEST_P(Conformance, what_was_queued_is_refused_at_the_latest_at_the_commit) {
    put(1);
    const Lease session = database().write();
    const auto write = [&](int first) {
        Transaction transaction(*session);
        for (int key = first; key < first + 700; ++key) {
            bound(*session, insert, key).queue();
        }
        bound(*session, insert, 1).queue();
        bound(*session, insert, first + 800).queue();
        transaction.commit();
    };
    EXPECT_THROW(write(10'000), writer::StoreConstraint);
    EXPECT_EQ(1, rows());
    EXPECT_THROW(write(20'000), writer::StoreConstraint) << "the session goes on";
    {
        Transaction transaction(*session);
        for (int key = 2; key <= 2'000; ++key) {
            bound(*session, upsert, key, key, "x").queue();
        }
        Statement& number = session->statement(count);
        ASSERT_TRUE(number.next());
        EXPECT_EQ(2'000, number.integer(0)) << "queued rows are there for who looks";
        transaction.commit();
    }
    EXPECT_EQ(2'000, rows());
}

TEST_P(Conformance, queued_rows_keep_their_order_and_their_values) {
    const Lease session = database().write();
    const auto shade = [](std::int64_t key) {
        return key % 3 == 0 ? std::optional<Bytes>() : Bytes(static_cast<std::size_t>(key % 5), 0);
    };
    {
        Transaction transaction(*session);
        for (std::int64_t key = 0; key < 1'300; ++key) {
            Statement& row =
                bound(*session, upsert, key, key, "v" + std::to_string(key), shade(key));
            if (key % 2 == 0) {
                row.bind_null(2);
            }
            row.queue();
        }
        bound(*session, upsert, 7, 1, "first").queue();
        bound(*session, upsert, 7, 2, "second").queue();
        bound(*session, upsert, 8, 3, std::nullopt).queue();
        Statement& some = session->statement(drop);
        some.bind_integer(1, 1'200);
        some.queue();
        bound(*session, insert, 1'250, 4).queue();
        transaction.commit();
    }
    Statement& row = session->statement(all);
    for (std::int64_t key = 0; key < 1'200; ++key) {
        ASSERT_TRUE(row.next());
        ASSERT_EQ(key, row.integer(0));
        if (key == 7 || key == 8) {
            EXPECT_EQ(key == 7 ? "second" : "", row.text(2));
            EXPECT_EQ(key == 7 ? Statement::Type::text : Statement::Type::null, row.type(2));
            continue;
        }
        EXPECT_EQ(key % 2 == 0 ? Statement::Type::null : Statement::Type::integer, row.type(1));
        EXPECT_EQ(key % 2 == 0 ? 0 : key, row.integer(1));
        EXPECT_EQ("v" + std::to_string(key), row.text(2));
        const auto bytes = shade(key);
        EXPECT_EQ(bytes ? Statement::Type::blob : Statement::Type::null, row.type(3));
        EXPECT_EQ(bytes.value_or(Bytes{}), Bytes(row.blob(3).begin(), row.blob(3).end()));
    }
    ASSERT_TRUE(row.next());
    EXPECT_EQ(1'250, row.integer(0));
    EXPECT_FALSE(row.next());
}

TEST_P(Conformance, a_transaction_that_ends_by_itself_leaves_nothing) {
    {
        const Lease session = database().write();
        const Transaction transaction(*session);
        bound(*session, insert, 1).run();
        bound(*session, insert, 2).queue();
    }
    EXPECT_EQ(0, rows());
    {
        const Lease session = database().write();
        session->begin(Durability::later);
        bound(*session, insert, 1).queue();
    }
    EXPECT_EQ(0, rows());
    put(1);
    EXPECT_EQ(1, rows());
}

TEST_P(Conformance, single_statements_need_no_transaction) {
    const Lease session = database().write();
    EXPECT_EQ(1, bound(*session, insert, 1).run());
    bound(*session, insert, 2).queue();
    EXPECT_EQ(2, rows());
}

TEST_P(Conformance, a_reader_sees_one_moment) {
    put(1);
    const Lease session = database().read();
    Statement& first = session->statement(count);
    ASSERT_TRUE(first.next());
    EXPECT_EQ(1, first.integer(0));
    put(2);
    Statement& again = session->statement(count);
    ASSERT_TRUE(again.next());
    EXPECT_EQ(1, again.integer(0));
    EXPECT_EQ(2, rows()) << "another reader, a later moment";
    EXPECT_ANY_THROW(bound(*session, insert, 3).run()) << "a reader writes nothing";
}

TEST_P(Conformance, a_table_that_is_not_there_is_damage) {
    put(1);
    const Lease session = database().read();
    Statement& before = session->statement(count);
    ASSERT_TRUE(before.next());
    put(2);
    EXPECT_THROW(session->statement(no_table).next(), writer::StoreCorrupt);
    Statement& behind = session->statement(count);
    ASSERT_TRUE(behind.next());
    EXPECT_EQ(1, behind.integer(0)) << "who reads goes on, in the same moment";
}

TEST_P(Conformance, a_sum_beyond_64_bits_is_damage_not_a_number) {
    put(1, most);
    put(2, most);
    const Lease session = database().read();
    EXPECT_THROW(session->statement(sum).next(), writer::StoreCorrupt);
}

TEST_P(Conformance, the_engine_finds_itself_sound) {
    const Lease session = database().read();
    EXPECT_TRUE(session->self_check().empty());
}

TEST_P(Conformance, a_conflict_runs_the_body_again) {
    int runs = 0;
    retrying(database(), Durability::now, [&](Session& session) {
        bound(session, insert, 1).queue();
        if (++runs < 3) {
            throw StoreConflict("met another");
        }
    });
    EXPECT_EQ(3, runs);
    EXPECT_EQ(1, rows());
    runs = 0;
    EXPECT_THROW(retrying(database(), Durability::now,
                          [&](Session&) {
                              ++runs;
                              throw StoreConflict("met another");
                          }),
                 StoreConflict);
    EXPECT_EQ(conflict_attempts_max, runs);
}

}  // namespace

}  // namespace mb::store
