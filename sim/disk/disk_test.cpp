#include "sim/disk/disk.hpp"

#include "store/sqlite_store.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace mb::sim::disk {
namespace {

/// One table in write-ahead mode without shared memory, as the store opens it.
class Table {
public:
    explicit Table(const Disk& disk) {
        EXPECT_EQ(sqlite3_open_v2("/d/test.db", &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                  disk.vfs().c_str()),
                  SQLITE_OK);
        run("PRAGMA locking_mode = EXCLUSIVE");
        run("PRAGMA journal_mode = WAL");
        run("PRAGMA synchronous = FULL");
        run("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, x BLOB)");
    }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
    ~Table() { sqlite3_close_v2(db_); }

    int run(const std::string& sql) {
        return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) & 0xFF;
    }
    int put(int n) {
        return run("INSERT INTO t VALUES (" + std::to_string(n) + ", randomblob(3000))");
    }
    std::int64_t number(const char* sql) {
        sqlite3_stmt* statement = nullptr;
        EXPECT_EQ(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr), SQLITE_OK);
        EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
        const std::int64_t out = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        return out;
    }
    bool sound() {
        return number(
                   "SELECT COUNT(*) FROM pragma_integrity_check() WHERE integrity_check = 'ok'") ==
               1;
    }

private:
    sqlite3* db_ = nullptr;
};

/// Dies at the call-th write or sync; every insert that was answered must be there afterwards, and
/// at most one more.
void dies_and_comes_back(std::int64_t call, Death how) {
    Disk disk(Random(static_cast<std::uint64_t>(call)));
    int answered = 0;
    {
        Table table(disk);
        disk.die_at(call, how);
        while (answered < 40 && table.put(answered + 1) == SQLITE_OK) {
            ++answered;
        }
        disk.die(how);
    }
    disk.revive();
    Table table(disk);
    EXPECT_TRUE(table.sound());
    const std::int64_t there = table.number("SELECT COUNT(*) FROM t");
    EXPECT_GE(there, answered);
    EXPECT_LE(there, answered + 1);
}

TEST(Disk, keeps_what_was_answered_when_the_process_is_killed_at_any_call) {
    for (int call = 1; call <= 60; ++call) {
        dies_and_comes_back(call, Death::killed);
    }
}

TEST(Disk, keeps_what_was_answered_when_power_is_lost_at_any_call) {
    for (int call = 1; call <= 60; ++call) {
        dies_and_comes_back(call, Death::power_lost);
    }
}

TEST(Disk, loses_what_was_never_synced) {
    Disk disk(Random(1));
    {
        Table table(disk);
        ASSERT_EQ(table.put(1), SQLITE_OK);
        table.run("PRAGMA synchronous = OFF");
        for (int n = 2; n <= 20; ++n) {
            ASSERT_EQ(table.put(n), SQLITE_OK);
        }
        disk.die(Death::power_lost);
    }
    disk.revive();
    EXPECT_GT(disk.counters().dropped + disk.counters().torn, 0);
    Table table(disk);
    EXPECT_LT(table.number("SELECT COUNT(*) FROM t"), 20);
}

TEST(Disk, is_full_at_the_quota_and_recovers) {
    Disk disk(Random(1));
    Table table(disk);
    ASSERT_EQ(table.put(1), SQLITE_OK);
    disk.set_quota(disk.size() + 6'000);
    int result = SQLITE_OK;
    for (int n = 2; n < 20 && result == SQLITE_OK; ++n) {
        result = table.put(n);
    }
    EXPECT_EQ(result, SQLITE_FULL);
    disk.set_quota(0);
    EXPECT_EQ(table.put(100), SQLITE_OK);
    EXPECT_TRUE(table.sound());
}

TEST(Disk, fails_the_write_and_the_sync_it_was_told_to) {
    Disk disk(Random(1));
    Table table(disk);
    disk.fail_write_at(1);
    EXPECT_EQ(table.put(1), SQLITE_IOERR);
    disk.fail_sync_at(1);
    EXPECT_EQ(table.put(2), SQLITE_IOERR);
    EXPECT_EQ(disk.counters().write_errors, 1);
    EXPECT_EQ(disk.counters().sync_errors, 1);
}

TEST(Disk, store_in_write_ahead_mode_opens_again_without_shared_memory) {
    Disk disk(Random(1));
    store::SqliteStoreOptions options;
    options.folder = "/sim";
    options.wall_now = Instant{1};
    options.vfs = disk.vfs();
    options.exclusive = true;
    options.lock = false;
    for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
        const auto store = store::SqliteStore::open(options);
        ASSERT_TRUE(store.has_value());
        EXPECT_EQ((*store)->epoch(), epoch);
        disk.die(epoch == 2 ? Death::power_lost : Death::killed);
        disk.revive();
    }
}

}  // namespace
}  // namespace mb::sim::disk
