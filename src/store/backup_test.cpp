// Backup and restore on both engines: beside a writer, damaged, on a full disk, over an old
// server, from an older schema (faults F62, F63; the whole drill is
// tests/service/restore_drill.py).
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "store/backup.hpp"
#include "store/logins.hpp"
#include "store/migrations.hpp"
#include "store/postgres/scratch_database.hpp"
#include "store/restore.hpp"
#include "store/test_engines.hpp"

namespace mb::store {

namespace {

using namespace test;
namespace fs = std::filesystem;

/// A store of its own: a folder, and for PostgreSQL a database in it.
class Books {
public:
    explicit Books(Engine engine) : engine_(engine) {
        if (engine == Engine::postgres) {
            static int made = 0;
            database_ = "books_" + std::to_string(++made);
            cluster().ask("CREATE DATABASE " + database_ + " TEMPLATE template0");
        }
    }
    static postgres::test::TestCluster& cluster() { return postgres::test::TestCluster::get(); }

    [[nodiscard]] fs::path folder() const { return folder_.path() / "data"; }
    [[nodiscard]] StoreChoice choice() const {
        if (engine_ == Engine::sqlite) {
            return {"sqlite", folder().string()};
        }
        std::string store = cluster().conninfo();
        const std::string fallback = "dbname=postgres";
        store.replace(store.find(fallback), fallback.size(), "dbname=" + database_);
        return {store, folder().string()};
    }
    [[nodiscard]] std::unique_ptr<OpenStore> open() const {
        fs::create_directories(folder());
        return store::open_store(choice(), "test", morning).value();
    }
    /// All of it, as a broken disk would.
    void lose() const {
        fs::remove_all(folder());
        if (engine_ == Engine::postgres) {
            open_session()->script("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        }
    }
    [[nodiscard]] bool empty() const {
        return engine_ == Engine::sqlite
                   ? !fs::exists(folder() / "meterbook.db")
                   : !open_read_only(choice()).value()->read()->statement(relations_).next();
    }

private:
    [[nodiscard]] std::unique_ptr<postgres::Connection> open_session() const {
        return std::make_unique<postgres::Connection>(
            postgres::ConnectionOptions{choice().store, "", false});
    }
    static constexpr Sql relations_{
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"};

    Engine engine_;
    TestFolder folder_;
    std::string database_;
};

class Backup : public testing::TestWithParam<Engine> {
protected:
    [[nodiscard]] std::string to(const std::string& name) const { return shelf_.file(name); }
    Result<BackupManifest> back_up(const std::string& name, bool verified = false) const {
        BackupOptions options{books_.choice(), to(name), morning};
        if (verified) {
            options.verify.emplace();
        }
        return backup(options);
    }
    Result<Restored> bring_back(const std::string& name, const Books& books) const {
        return restore({to(name), books.choice(), wall_});
    }
    /// A batch more.
    static void grow(writer::Store& store, Log& log) {
        const engine::Effects nothing = effects_of({});
        store.commit({{log.next(campus, nothing, morning + Duration::minutes(20)), &nothing}}, {},
                     {});
    }

    const Instant wall_ = morning + Duration::hours(1);
    Books books_{GetParam()};
    Books fresh_{GetParam()};
    TestFolder shelf_;
};

MB_ON_EVERY_ENGINE(Backup);

TEST_P(Backup, beside_a_writer_it_is_one_moment) {
    const auto opened = books_.open();
    Log log = write_scene(opened->writer_store());
    std::atomic<bool> ending{false};
    std::thread writing([&] {
        while (!ending) {
            grow(opened->writer_store(), log);
        }
    });
    SqlStore reads(opened->database());
    const std::int64_t before = reads.last_seq(campus);
    const auto made = back_up("first");
    const std::int64_t after = reads.last_seq(campus);
    ending = true;
    writing.join();
    ASSERT_TRUE(made) << made.error().text();
    ASSERT_EQ(made->projects.size(), 1U);
    EXPECT_GE(made->projects.front().last_seq, before);
    EXPECT_LE(made->projects.front().last_seq, after);
    EXPECT_LT(before, log.seq()) << "nothing was written meanwhile";

    const auto restored = bring_back("first", fresh_);
    ASSERT_TRUE(restored) << restored.error().text();
    EXPECT_TRUE(restored->report.clean()) << restored->report.findings.front().code;
    EXPECT_GT(restored->report.postings, 0);
    EXPECT_EQ(restored->migrations, 0);
    const auto again = fresh_.open();
    EXPECT_EQ(again->writer_store().last_seq(campus), made->projects.front().last_seq);
}

TEST_P(Backup, an_existing_place_is_not_overwritten) {
    const auto opened = books_.open();
    write_scene(opened->writer_store());
    fs::create_directory(to("there"));
    EXPECT_EQ(back_up("there").error().code, "backup.exists");
    EXPECT_TRUE(fs::is_empty(to("there")));
    EXPECT_EQ(back_up("no/folder").error().code, "backup.no_folder");
    // What a killed backup left is no hindrance.
    fs::create_directory(to("first.partial"));
    std::ofstream(to("first.partial/meterbook.db")) << "half";
    const auto made = back_up("first");
    EXPECT_TRUE(made) << made.error().text();
    EXPECT_FALSE(fs::exists(to("first.partial")));
}

TEST_P(Backup, a_flipped_byte_is_refused_before_anything_is_written) {
    {
        const auto opened = books_.open();
        write_scene(opened->writer_store());
    }
    ASSERT_TRUE(back_up("first"));
    for (const auto& entry : fs::directory_iterator(to("first"))) {
        std::ostringstream whole;
        whole << std::ifstream(entry.path(), std::ios::binary).rdbuf();
        const std::string good = whole.str();
        // The last one of the manifest is its line end.
        for (std::size_t at = 0; at + 1 < good.size(); at += good.size() / 23 + 1) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ 1);
            std::ofstream(entry.path(), std::ios::binary | std::ios::trunc) << bad;
            const auto refused = bring_back("first", fresh_);
            ASSERT_FALSE(refused) << entry.path() << " byte " << at;
            EXPECT_EQ(refused.error().code, "backup.damaged") << entry.path() << " byte " << at;
        }
        std::ofstream(entry.path(), std::ios::binary | std::ios::trunc)
            << good.substr(0, good.size() / 2);
        EXPECT_EQ(bring_back("first", fresh_).error().code, "backup.damaged");
        std::ofstream(entry.path(), std::ios::binary | std::ios::trunc) << good;
    }
    EXPECT_FALSE(fs::exists(fresh_.folder()));
    EXPECT_TRUE(fresh_.empty());
    EXPECT_EQ(bring_back("nowhere", fresh_).error().code, "backup.not_one");
    EXPECT_TRUE(bring_back("first", fresh_));
}

TEST_P(Backup, books_that_are_there_are_not_touched) {
    {
        const auto opened = books_.open();
        Log log = write_scene(opened->writer_store());
        ASSERT_TRUE(back_up("first"));
        grow(opened->writer_store(), log);
    }
    EXPECT_EQ(bring_back("first", books_).error().code, "store.not_empty");
    EXPECT_EQ(books_.open()->writer_store().last_seq(campus), 4);
}

TEST_P(Backup, a_full_disk_leaves_no_half_backup) {
    const auto opened = books_.open();
    write_scene(opened->writer_store());
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    auto* const signals = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{40'000, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    bool failed = false;
    try {
        failed = !back_up("first");
    } catch (const writer::StoreUnavailable&) {
        failed = true;
    }
    setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, signals);
    EXPECT_TRUE(failed);
    EXPECT_TRUE(fs::is_empty(shelf_.path()));
    EXPECT_TRUE(back_up("first"));
}

TEST_P(Backup, what_ran_before_cannot_write_over_the_restored_books) {
    auto old = books_.open();
    Log log = write_scene(old->writer_store());
    ASSERT_TRUE(back_up("first"));
    const std::int64_t backed_up = log.seq();
    for (int i = 0; i < 3; ++i) {  // starts behind the backup raise the epoch
        old.reset();
        old = books_.open();
        grow(old->writer_store(), log);
    }
    books_.lose();
    const auto restored = bring_back("first", books_);
    ASSERT_TRUE(restored) << restored.error().text();
    if (GetParam() == Engine::postgres) {
        // Its connections are those of the database that is there again.
        try {
            grow(old->writer_store(), log);
            FAIL() << "an old server wrote";
        } catch (const writer::StoreUnavailable& refused) {
            EXPECT_TRUE(refused.must_stop) << refused.what();
        }
    }
    const std::int64_t epoch = old->epoch();
    old.reset();
    const auto again = books_.open();
    EXPECT_GT(again->epoch(), epoch);
    EXPECT_EQ(again->writer_store().last_seq(campus), backed_up);
}

TEST_P(Backup, sessions_end_and_logins_stay) {
    Login login;
    LoginSession session;
    {
        const auto opened = books_.open();
        write_scene(opened->writer_store());
        const Logins logins(opened->database());
        login = logins.add("13800000099", "Li", morning).value();
        session.login = login.id;
        session.token_hash.fill(7);
        session.created_at = session.last_seen_at = morning;
        session.expires_at = morning + Duration::hours(24);
        logins.put_session(session);
    }
    ASSERT_TRUE(back_up("first"));
    ASSERT_TRUE(bring_back("first", fresh_));
    const auto again = fresh_.open();
    const Logins logins(again->database());
    EXPECT_TRUE(logins.find_by_phone("13800000099"));
    EXPECT_FALSE(logins.session(session.token_hash, morning));
}

TEST_P(Backup, a_newer_schema_is_refused) {
    const auto opened = books_.open();
    write_scene(opened->writer_store());
    opened->database().write()->script(
        "INSERT INTO schema_migration VALUES (99, '0099_later', '', 0, 0)");
    const auto made = back_up("first");
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_EQ(bring_back("first", fresh_).error().text(),
              "backup.newer_schema backup=99 program=" +
                  std::to_string(std::stoll(std::string(migration_files().back().name))));
    EXPECT_TRUE(fresh_.empty());
}

TEST_P(Backup, the_log_of_another_engine_version_is_refused) {
    const auto opened = books_.open();
    Log log = write_scene(opened->writer_store());
    const engine::Effects nothing = effects_of({});
    writer::LogRow row = log.next(campus, nothing, morning + Duration::minutes(20));
    row.engine_version += 1;
    row.hash = writer::log_row_hash(row);
    opened->writer_store().commit({{row, &nothing}}, {}, {});
    ASSERT_TRUE(back_up("first"));
    EXPECT_EQ(bring_back("first", fresh_).error().code, "backup.other_program");
    EXPECT_TRUE(fresh_.empty());
}

TEST(BackupOfSqlite, an_older_schema_is_brought_forward) {
    const Books books(Engine::sqlite);
    const TestFolder shelf;
    fs::create_directories(books.folder());
    {
        sqlite::SqliteDatabase old({.path = sqlite_path(books.folder().string())});
        ASSERT_TRUE(migrate(*old.write(), old.dialect(), morning, migration_files().first(8)));
    }
    const auto made = backup({books.choice(), shelf.file("first"), morning});
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_EQ(made->schema_version, 7);
    const Books fresh(Engine::sqlite);
    const auto restored = restore({shelf.file("first"), fresh.choice(), morning});
    ASSERT_TRUE(restored) << restored.error().text();
    EXPECT_EQ(restored->migrations, static_cast<std::int64_t>(migration_files().size()) - 8);
    EXPECT_TRUE(restored->report.clean());
    EXPECT_TRUE(fresh.open());
}

TEST(BackupOfSqlite, the_clock_goes_along_and_the_demo_does_not) {
    const Books books(Engine::sqlite);
    const TestFolder shelf;
    write_scene(books.open()->writer_store());
    std::ofstream(books.folder() / "clock.json") << "{}";
    std::ofstream(books.folder() / "sandbox.secret") << "s";
    ASSERT_TRUE(backup({books.choice(), shelf.file("first"), morning}));
    const Books fresh(Engine::sqlite);
    ASSERT_TRUE(restore({shelf.file("first"), fresh.choice(), morning}));
    EXPECT_TRUE(fs::exists(fresh.folder() / "clock.json"));
    EXPECT_FALSE(fs::exists(fresh.folder() / "sandbox.secret"));
    EXPECT_FALSE(fs::exists(fresh.folder() / "restore.partial"));
}

TEST_P(Backup, a_verified_one_is_made_beside_a_server) {
    const auto opened = books_.open();
    Log log = write_scene(opened->writer_store());
    const auto made = back_up("first", true);
    ASSERT_TRUE(made) << made.error().text();
    grow(opened->writer_store(), log);
    ASSERT_TRUE(bring_back("first", fresh_));
    EXPECT_EQ(fresh_.open()->writer_store().last_seq(campus), log.seq() - 1);
}

/// Of a name, which no page of either engine minds.
TEST_P(Backup, a_flipped_bit_gives_no_verified_backup) {
    const auto opened = books_.open();
    write_scene(opened->writer_store());
    static_assert('1' == ('0' ^ 1));
    opened->database().write()->script("UPDATE account SET name = '租户0' WHERE name = '租户1'");
    EXPECT_TRUE(back_up("unverified"));
    const auto refused = back_up("first", true);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "backup.unclean") << refused.error().text();
    EXPECT_NE(refused.error().text().find("account"), std::string::npos) << refused.error().text();
    EXPECT_FALSE(fs::exists(to("first")));
    EXPECT_FALSE(fs::exists(to("first.partial")));
}

TEST(BackupOfPostgres, what_a_killed_one_left_goes_and_what_is_not_ours_stays) {
    const Books books(Engine::postgres);
    const TestFolder shelf;
    write_scene(books.open()->writer_store());
    BackupOptions options{books.choice(), shelf.file("first"), morning};
    options.verify.emplace();
    auto& cluster = Books::cluster();
    std::string name;
    {
        const auto scratch = postgres::ScratchDatabase::make(books.choice().store).value();
        EXPECT_EQ(backup(options).error().code, "backup.in_progress") << "another one is at it";
        name = scratch->conninfo().substr(scratch->conninfo().rfind('=') + 1);
    }
    const std::string count = "SELECT count(*) FROM pg_database WHERE datname = '" + name + "'";
    EXPECT_EQ("0", cluster.ask(count));
    cluster.ask("CREATE DATABASE " + name);
    EXPECT_EQ(backup(options).error().code, "backup.scratch_taken");
    EXPECT_EQ("1", cluster.ask(count));
    cluster.ask("COMMENT ON DATABASE " + name +
                " IS 'made by meterbook backup --verify, gone when it ends'");
    EXPECT_TRUE(backup(options));
    EXPECT_EQ("0", cluster.ask(count));
}

TEST(BackupOfPostgres, a_role_that_may_make_no_database_is_told) {
    const Books books(Engine::postgres);
    const TestFolder shelf;
    write_scene(books.open()->writer_store());
    Books::cluster().ask("CREATE ROLE plain LOGIN IN ROLE pg_read_all_data");
    BackupOptions options{books.choice(), shelf.file("first"), morning};
    const std::string user = "user=meterbook";
    options.from.store.replace(options.from.store.find(user), user.size(), "user=plain");
    options.verify.emplace();
    const auto refused = backup(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "backup.no_scratch") << refused.error().text();
    EXPECT_TRUE(fs::is_empty(shelf.path()));
    options.verify.reset();
    EXPECT_TRUE(backup(options));
}

TEST(BackupOfPostgres, the_dump_of_another_engine_is_refused) {
    const Books books(Engine::postgres);
    const Books other(Engine::sqlite);
    const TestFolder shelf;
    write_scene(books.open()->writer_store());
    ASSERT_TRUE(backup({books.choice(), shelf.file("first"), morning}));
    EXPECT_EQ(restore({shelf.file("first"), other.choice(), morning}).error().code,
              "backup.other_engine");
    EXPECT_FALSE(fs::exists(other.folder()));
}

}  // namespace

}  // namespace mb::store
