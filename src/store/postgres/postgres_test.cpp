// What only PostgreSQL can do to us: backends that die, a server that crashes, conflicts, and the
// writer lease that another server takes.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "store/logins.hpp"
#include "store/postgres/wire.hpp"
#include "store/retrying.hpp"
#include "store/statements/site.hpp"
#include "store/statements/supply.hpp"
#include "store/test_engines.hpp"
#include "store/verify.hpp"

namespace mb::store {

namespace {

using namespace test;
using namespace std::chrono_literals;
using postgres::test::TestCluster;

constexpr Sql accounts{R"sql(SELECT count(*) FROM account)sql"};

class Postgres : public testing::Test {
protected:
    static TestCluster& cluster() { return TestCluster::get(); }
    std::unique_ptr<PostgresStore> open(PostgresStoreOptions options) {
        return PostgresStore::open(options).value();
    }
    /// Of a server that hangs: no heartbeat within a test.
    PostgresStoreOptions silent() {
        PostgresStoreOptions out = place_.postgres_options();
        out.holder = "silent";
        out.heartbeat_every = 1h;
        return out;
    }
    PostgresStoreOptions hasty() {
        PostgresStoreOptions out = place_.postgres_options();
        out.holder = "hasty";
        out.heartbeat_every = 20ms;
        out.patience = 300ms;
        return out;
    }
    static std::int64_t count(Database& database, const Sql& sql) {
        const Lease session = database.read();
        Statement& row = session->statement(sql);
        return row.next() ? row.integer(0) : -1;
    }
    /// One more account and its log row.
    static void commit_one(writer::Store& store, Log& log) {
        Log next = log;
        const auto effects = effects_of(
            {engine::ProjectRow{config()}, engine::Account{AccountId{next.seq() + 1}, "租户", ""}});
        const auto row = next.next(campus, effects, morning);
        store.commit({{row, &effects}}, {}, {});
        log = next;
    }
    static void expect_must_stop(const std::function<void()>& work) {
        try {
            work();
            ADD_FAILURE() << "an old holder wrote";
        } catch (const writer::StoreUnavailable& refused) {
            EXPECT_TRUE(refused.must_stop) << refused.what();
        }
    }

    Place place_{Engine::postgres};
};

TEST_F(Postgres, a_backend_killed_in_mid_transaction_takes_the_whole_of_it) {
    const auto opened = open(place_.postgres_options());
    Log log;
    commit_one(opened->writer_store(), log);
    {
        const Lease session = opened->database().write();
        Transaction transaction(*session);
        Statement& statement = session->statement(sql::account_put);
        for (int column = 1; column <= 5; ++column) {
            column == 3 || column == 4 ? statement.bind_text(column, "x")
                                       : statement.bind_integer(column, column == 1 ? 1 : 77);
        }
        EXPECT_EQ(1, statement.run());
        EXPECT_GT(cluster().kill_backends(), 0);
        EXPECT_THROW(transaction.commit(), writer::StoreUnavailable);
    }
    EXPECT_EQ(1, count(opened->database(), accounts));
    commit_one(opened->writer_store(), log);
    EXPECT_EQ(2, count(opened->database(), accounts));
    EXPECT_EQ(log.seq(), opened->writer_store().last_seq(campus));
}

TEST_F(Postgres, a_reader_cut_off_throws_and_the_next_one_reads) {
    const auto opened = open(place_.postgres_options());
    write_scene(opened->writer_store());
    {
        const Lease session = opened->database().read();
        cluster().kill_backends();
        EXPECT_THROW(session->statement(accounts).next(), writer::StoreUnavailable);
    }
    EXPECT_EQ(2, count(opened->database(), accounts));
    cluster().kill_backends();  // an idle connection is found out before it is lent
    EXPECT_EQ(2, count(opened->database(), accounts));
}

TEST_F(Postgres, kills_at_any_time_leave_whole_batches) {
    const auto opened = open(place_.postgres_options());
    writer::Store& store = opened->writer_store();
    Log log;
    std::atomic<bool> stop{false};
    std::thread killer([&] {
        while (!stop) {
            cluster().kill_backends();
            std::this_thread::sleep_for(3ms);
        }
    });
    const auto ask_again = [&](const auto& question) {
        for (;;) {
            try {
                return question();
            } catch (const writer::StoreUnavailable& broken) {
                EXPECT_FALSE(broken.must_stop) << broken.what();
            }
        }
    };
    int broken = 0;
    for (int i = 0; i < 150; ++i) {
        Log attempt = log;
        try {
            commit_one(store, attempt);
            log = attempt;
        } catch (const writer::StoreUnavailable& why) {
            EXPECT_FALSE(why.must_stop) << why.what();
            ++broken;
            // The outcome is unknown: the last seq tells.
            const auto last = ask_again([&] { return store.last_seq(campus); });
            ASSERT_TRUE(last == log.seq() || last == log.seq() + 1);
            if (last != log.seq()) {
                log.next(campus,
                         effects_of({engine::ProjectRow{config()},
                                     engine::Account{AccountId{last}, "租户", ""}}),
                         morning);
            }
        }
    }
    stop = true;
    killer.join();
    EXPECT_GT(broken, 0);
    EXPECT_EQ(log.seq(), store.last_seq(campus));
    EXPECT_EQ(log.seq(), count(opened->database(), accounts));
    EXPECT_EQ(static_cast<std::size_t>(log.seq()), store.log_after(campus, 0, 1000).size());
}

TEST_F(Postgres, all_that_was_acknowledged_outlives_a_crash_of_the_server) {
    const auto opened = open(place_.postgres_options());
    Log log = write_scene(opened->writer_store());
    commit_one(opened->writer_store(), log);
    cluster().crash_and_start();
    EXPECT_THROW(
        {
            const Lease session = opened->database().write();
            session->script("SELECT 1 FROM nowhere");
        },
        writer::StoreCorrupt)
        << "the connection was lost, another is there";
    EXPECT_EQ(log.seq(), opened->writer_store().last_seq(campus));
    commit_one(opened->writer_store(), log);
    EXPECT_EQ(log.seq(), opened->writer_store().last_seq(campus));
}

TEST_F(Postgres, two_that_block_each_other_both_get_through) {
    const auto first = open(place_.postgres_options());
    const postgres::DatabaseOptions options{place_.postgres_options().conninfo,
                                            place_.postgres_options().schema};
    postgres::PostgresDatabase second(options);  // as another program: without the lease
    write_scene(first->writer_store());
    std::atomic<int> waiting{0};
    const auto both = [&](Database& database, std::int64_t one, std::int64_t other) {
        bool met = false;
        retrying(database, Durability::now, [&](Session& session) {
            for (const std::int64_t id : {one, other}) {
                Statement& statement = session.statement(sql::outbox_done);
                statement.bind_integer(1, campus.value);
                statement.bind_integer(2, id);
                statement.run();
                if (!met) {
                    met = true;
                    for (++waiting; waiting < 2;) {
                        std::this_thread::yield();
                    }
                }
            }
        });
    };
    std::thread there([&] { both(second, 4, 3); });
    both(first->database(), 3, 4);
    there.join();
    EXPECT_TRUE(first->writer_store().outbox(campus).empty());
}

TEST_F(Postgres, text_that_is_none_is_refused_for_good) {
    const auto opened = open(place_.postgres_options());
    for (const std::string& key : {std::string("a\0b", 3), std::string("\xFF")}) {
        EXPECT_THROW(opened->writer_store().commit({}, {inbox(1, key)}, {}),
                     writer::StoreConstraint);
    }
    opened->writer_store().commit({}, {inbox(1, "a")}, {});
}

// ---- a server that is silent

constexpr Sql backend{R"sql(SELECT pg_backend_pid())sql"};

TEST_F(Postgres, a_frozen_server_is_given_up_and_its_late_commit_is_found) {
    PostgresStoreOptions options = hasty();
    options.conninfo += " answer_timeout_s=1";
    const auto opened = open(options);
    Log log;
    commit_one(opened->writer_store(), log);
    Log attempt = log;
    const auto began = std::chrono::steady_clock::now();
    cluster().freeze();
    EXPECT_THROW(commit_one(opened->writer_store(), attempt), writer::StoreUnavailable);
    EXPECT_THROW((void)count(opened->database(), accounts), writer::StoreUnavailable);
    EXPECT_THROW((void)opened->writer_store().last_seq(campus), writer::StoreUnavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
    cluster().go_on();
    // Known for good: nothing of the attempt comes afterwards.
    std::this_thread::sleep_for(600ms);  // a failed connect is told to all who ask so long
    const auto seq = opened->writer_store().last_seq(campus);
    ASSERT_GE(seq, log.seq());
    for (auto made = static_cast<std::int64_t>(log.seq()); made < seq; ++made) {
        (void)log.next(campus,
                       effects_of({engine::ProjectRow{config()},
                                   engine::Account{AccountId{log.seq() + 1}, "租户", ""}}),
                       morning);
    }
    commit_one(opened->writer_store(), log);
    EXPECT_EQ(log.seq(), count(opened->database(), accounts));
    EXPECT_TRUE(verify(opened->database()).clean());
}

TEST_F(Postgres, what_a_frozen_backend_was_sent_is_refused_when_it_wakes) {
    PostgresStoreOptions options = silent();
    options.conninfo += " answer_timeout_s=1";
    const auto opened = open(options);
    write_scene(opened->writer_store());
    const std::int64_t epoch = opened->epoch();
    auto view = meter_view(1);
    view.ledger_balance = Money{1};  // what an old flush would put there
    std::int64_t pid = 0;
    {
        const Lease session = opened->database().write();
        Statement& row = session->statement(backend);
        ASSERT_TRUE(row.next());
        pid = row.integer(0);
    }
    ASSERT_EQ(0, kill(static_cast<pid_t>(pid), SIGSTOP));
    EXPECT_THROW(opened->writer_store().flush({campus, {view}, {}}), writer::StoreUnavailable);
    opened->writer_store().flush({campus, {meter_view(1)}, {}});
    EXPECT_EQ(epoch + 1, opened->epoch());
    ASSERT_EQ(0, kill(static_cast<pid_t>(pid), SIGCONT));
    const std::string there =
        "SELECT count(*) FROM pg_stat_activity WHERE pid = " + std::to_string(pid);
    while (cluster().ask(there) != "0") {
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_TRUE(verify(opened->database()).clean());
}

// ---- the writer lease

TEST_F(Postgres, a_live_holder_keeps_the_lease) {
    const auto holder = open(hasty());
    const auto other = PostgresStore::open(hasty());
    ASSERT_FALSE(other);
    EXPECT_EQ("store.in_use holder=hasty epoch=1", other.error().text());
    Log log;
    commit_one(holder->writer_store(), log);
}

TEST_F(Postgres, a_lease_given_back_is_taken_at_once_with_a_higher_epoch) {
    EXPECT_EQ(1, open(hasty())->epoch());
    PostgresStoreOptions patient = hasty();
    patient.patience = 1h;
    EXPECT_EQ(2, open(patient)->epoch());
}

TEST_F(Postgres, a_silent_holder_is_replaced_and_its_next_batch_refused) {
    const auto old = open(silent());
    Log log;
    commit_one(old->writer_store(), log);
    const auto heir = open(hasty());
    EXPECT_EQ(2, heir->epoch());
    Log stale = log;
    expect_must_stop([&] { commit_one(old->writer_store(), stale); });
    expect_must_stop([&] { old->writer_store().flush({campus, {}, {}}); });
    expect_must_stop(
        [&] { old->writer_store().write_checkpoint_slice(campus, 1, 0, Bytes(10, 1)); });
    expect_must_stop([&] { (void)Logins(old->database()).add("13800000001", "", morning); });
    EXPECT_EQ(log.seq(), heir->writer_store().last_seq(campus));
    commit_one(heir->writer_store(), log);
    EXPECT_EQ(2, count(heir->database(), accounts));
    EXPECT_TRUE(verify(heir->database()).clean());
}

TEST_F(Postgres, who_takes_the_lease_waits_for_a_batch_under_way) {
    const auto old = open(silent());
    Log log;
    std::unique_ptr<PostgresStore> heir;
    std::atomic<bool> done{false};
    std::thread taking;
    {
        const Lease session = old->database().write();
        Transaction transaction(*session);
        Statement& statement = session->statement(sql::outbox_done);
        statement.bind_integer(1, campus.value);
        statement.bind_integer(2, 1);
        EXPECT_EQ(0, statement.run());
        taking = std::thread([&] {
            heir = open(hasty());
            done = true;
        });
        while (cluster().ask("SELECT count(*) FROM pg_stat_activity "
                             "WHERE wait_event_type = 'Lock'") == "0" &&
               !done) {
            std::this_thread::sleep_for(5ms);
        }
        EXPECT_FALSE(done) << "the row is held until the batch has ended";
        transaction.commit();
    }
    taking.join();
    expect_must_stop([&] { commit_one(old->writer_store(), log); });
    commit_one(heir->writer_store(), log);
}

TEST_F(Postgres, a_crashed_server_comes_back_to_its_own_folder_at_once) {
    const TestFolder folder;
    PostgresStoreOptions options = hasty();
    options.folder = folder.path().string();
    options.patience = 1h;
    {
        const auto before = open(options);
        EXPECT_FALSE(PostgresStore::open(options)) << "the folder is locked";
        // As kill -9 leaves it: nobody gives the lease back.
        cluster().ask("ALTER TABLE " + options.schema +
                      ".writer_lease ADD CONSTRAINT held CHECK (holder <> '') NOT VALID");
    }
    cluster().ask("ALTER TABLE " + options.schema + ".writer_lease DROP CONSTRAINT held");
    EXPECT_EQ(2, open(options)->epoch());
}

TEST_F(Postgres, two_first_servers_make_one_schema) {
    std::atomic<int> opened{0};
    const auto one = [&] {
        const auto store = PostgresStore::open(hasty());
        opened += store ? 1 : 0;
        while (store && opened == 0) {
            std::this_thread::yield();
        }
        std::this_thread::sleep_for(500ms);
    };
    std::thread other(one);
    one();
    other.join();
    EXPECT_GE(opened, 1);
    EXPECT_TRUE(verify(open(hasty())->database()).clean());
}

TEST_F(Postgres, what_is_not_there_says_so) {
    PostgresStoreOptions options = hasty();
    options.conninfo += " dbname=nowhere";
    EXPECT_THROW((void)PostgresStore::open(options), writer::StoreUnavailable);
    cluster().ask("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    options.conninfo += " dbname=latin";
    EXPECT_THROW((void)PostgresStore::open(options), writer::StoreUnavailable);
}

TEST_F(Postgres, amcheck_reads_the_pages_where_it_is_installed) {
    const auto opened = open(place_.postgres_options());
    write_scene(opened->writer_store());
    cluster().ask("CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public");
    const Lease session = opened->database().read();
    EXPECT_EQ(std::vector<std::string>{}, session->self_check());
}

}  // namespace

}  // namespace mb::store
