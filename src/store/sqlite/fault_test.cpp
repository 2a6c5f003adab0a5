// A disk that fails at the n-th call never leaves half a transaction; reads go on; so does writing,
// once it is well again (faults F55, F56, F58).
#include <gtest/gtest.h>

#include <optional>

#include "store/read.hpp"
#include "store/sqlite/test_fault_vfs.hpp"
#include "store/test_scene.hpp"
#include "store/verify.hpp"

namespace mb::store::sqlite {

namespace {

using namespace store::test;
using test::FaultVfs;

constexpr Sql entries_text{R"sql(SELECT count(*) FROM timeline)sql"};
constexpr Sql postings_text{R"sql(SELECT count(*) FROM posting)sql"};
constexpr Sql done_tasks_text{R"sql(SELECT count(*) FROM outbox WHERE outbox_id >= 100)sql"};

struct Broke {
    bool full = false;
    bool must_stop = false;
};

class Faults : public testing::Test {
protected:
    Faults() {
        SqliteStoreOptions options;
        options.folder = folder_.path().string();
        options.vfs = "mb_fault";
        options.wall_now = morning;
        opened_ = SqliteStore::open(options).value();
        log_ = write_scene(store());
        last_ = log_.seq();
    }
    writer::Store& store() { return opened_->writer_store(); }

    std::int64_t number(const Sql& sql) {
        const Lease session = opened_->database().read();
        Statement& row = session->statement(sql);
        return row.next() ? row.integer(0) : -1;
    }

    /// One batch that touches several tables; nothing when it was committed.
    std::optional<Broke> commit_one() {
        const std::int64_t n = committed_ + 1;
        auto task = query_task();
        task.id = OutboxId{100 + n};
        effects_ = effects_of(
            {transfer(5 + n, {rules::ledger::Kind::clearing, 1}, {rules::ledger::Kind::suspense, 0},
                      100, rules::ledger::Cause::suspense_payment,
                      "pay:sandbox:N" + std::to_string(n)),
             timeline(2 + n, "order.paid"), task});
        Log log = log_;
        const auto row = log.next(campus, effects_, morning + Duration::minutes(20), 9000);
        const auto tried = broke([&] {
            store().commit({{row, &effects_}}, {inbox(10 + n, "N" + std::to_string(n))}, {});
        });
        settle(log, n);
        return tried;
    }
    /// What the writer does after an unknown outcome: asks for the last seq. All of the batch is
    /// there or nothing.
    void settle(const Log& log, std::int64_t n) {
        faults_.disarm();
        const bool there = store().last_seq(campus) == log.seq();
        EXPECT_EQ(there, store().inbox_known(campus, "sandbox", "N" + std::to_string(n)));
        if (there) {
            log_ = log;
            committed_ = n;
        }
        EXPECT_EQ(5 + committed_, number(postings_text));
        EXPECT_EQ(2 + committed_, number(entries_text));
        EXPECT_EQ(committed_, number(done_tasks_text));
    }
    template <class F>
    static std::optional<Broke> broke(F&& work) {
        try {
            work();
            return std::nullopt;
        } catch (const writer::StoreUnavailable& error) {
            return Broke{error.disk_full, error.must_stop};
        }
    }
    void expect_sound() {
        for (const VerifyFinding& finding : verify(opened_->database()).findings) {
            ADD_FAILURE() << finding.table << " " << finding.key << " " << finding.code << " "
                          << finding.detail;
        }
    }

    TestFolder folder_;
    FaultVfs faults_{"mb_fault"};
    std::unique_ptr<SqliteStore> opened_;
    Log log_;
    engine::Effects effects_;
    std::int64_t last_ = 0;
    std::int64_t committed_ = 0;
};

TEST_F(Faults, each_failing_call_of_a_commit_leaves_all_or_nothing) {
    for (const bool from_then_on : {false, true}) {
        for (const int code : {SQLITE_IOERR_WRITE, SQLITE_FULL}) {
            int failed = 0;
            for (int n = 1; n < 100; ++n) {
                faults_.arm({n, FaultVfs::Call::any, code, from_then_on});
                const auto broken = commit_one();
                EXPECT_EQ(faults_.fired(), broken.has_value());
                if (broken) {
                    EXPECT_EQ(code == SQLITE_FULL, broken->full);
                    EXPECT_FALSE(broken->must_stop);
                    ++failed;
                }
                if (!faults_.fired()) {
                    break;
                }
            }
            EXPECT_GT(failed, 3);
        }
    }
    EXPECT_FALSE(commit_one()) << "well again";
    EXPECT_GT(committed_, 0);
}

TEST_F(Faults, a_failed_fsync_stops_the_process) {
    faults_.arm({1, FaultVfs::Call::sync, SQLITE_IOERR_FSYNC, false});
    const auto broken = commit_one();
    ASSERT_TRUE(broken);
    EXPECT_TRUE(broken->must_stop);
    EXPECT_FALSE(broken->full);
}

TEST_F(Faults, a_full_disk_refuses_and_reads_go_on) {
    for (int round = 0; round < 3; ++round) {
        faults_.arm({1, FaultVfs::Call::write, SQLITE_FULL, true});
        auto task = query_task();
        task.id = OutboxId{900};
        const auto effects = effects_of({task});
        Log log = log_;
        const auto row = log.next(campus, effects, morning);
        const auto broken = broke([&] { store().commit({{row, &effects}}, {}, {}); });
        ASSERT_TRUE(broken);
        EXPECT_TRUE(broken->full);
        const Reader reader(opened_->database());
        EXPECT_EQ(2, reader.summary(campus, morning).counts.meters);
        EXPECT_EQ(2U, store().outbox(campus).size());
        EXPECT_EQ(last_, store().last_seq(campus));
    }
    faults_.disarm();
    EXPECT_FALSE(commit_one());
}

TEST_F(Faults, a_flush_waits_for_no_disk_a_commit_does) {
    const engine::Effects none;
    int syncs = faults_.syncs();
    store().flush({campus, {meter_view(1), meter_view(2)}, day_rows()});
    store().write_checkpoint_slice(campus, 3, 0, Bytes(1000, 3));
    EXPECT_EQ(syncs, faults_.syncs());
    store().commit({{log_.next(campus, none, morning + Duration::hours(1)), &none}}, {}, {});
    EXPECT_GT(faults_.syncs(), syncs);
    // Also after one that failed.
    faults_.arm({1, FaultVfs::Call::write, SQLITE_IOERR_WRITE, true});
    engine::MeterViewRow newer = meter_view(1);
    ++newer.version;
    EXPECT_TRUE(broke([&] { store().flush({campus, {newer}, {}}); }));
    faults_.disarm();
    syncs = faults_.syncs();
    EXPECT_FALSE(commit_one());
    EXPECT_GT(faults_.syncs(), syncs);
}

TEST_F(Faults, flush_is_all_or_nothing) {
    constexpr Sql versions{R"sql(SELECT min(version), max(version) FROM meter_view)sql"};
    for (int n = 1; n < 100; ++n) {
        auto first = meter_view(1);
        auto second = meter_view(2);
        first.version = second.version = 100 + n;
        faults_.arm({n, FaultVfs::Call::any, SQLITE_IOERR_WRITE, true});
        const auto broken = broke([&] { store().flush({campus, {first, second}, day_rows()}); });
        faults_.disarm();
        const Lease session = opened_->database().read();
        Statement& row = session->statement(versions);
        ASSERT_TRUE(row.next());
        EXPECT_EQ(row.integer(0), row.integer(1));
        if (!broken) {
            EXPECT_GT(n, 1);
            EXPECT_EQ(100 + n, row.integer(0));
            break;
        }
    }
    expect_sound();
}

TEST_F(Faults, a_checkpoint_counts_only_once_it_is_whole) {
    const engine::Effects none;
    int failed = 0;
    for (int n = 1; n < 200; ++n) {
        const Instant now = morning + Duration::minutes(10 + n);
        store().commit({{log_.next(campus, none, now), &none}}, {}, {});
        faults_.arm({n, FaultVfs::Call::any, SQLITE_IOERR_WRITE, true});
        const auto broken = broke([&] { checkpoint(store(), log_, now, 5500); });
        faults_.disarm();
        const auto kept = store().checkpoints(campus);
        ASSERT_EQ(2U, kept.size());
        for (const writer::CheckpointInfo& info : kept) {
            EXPECT_EQ(static_cast<std::size_t>(info.size), store().checkpoint_image(info).size());
        }
        failed += broken ? 1 : 0;
        if (!broken) {
            EXPECT_EQ(log_.seq(), kept[0].seq);
            break;
        }
    }
    EXPECT_GT(failed, 10);
    expect_sound();
}

TEST_F(Faults, opening_again_after_a_fault_finds_all_that_was_acknowledged) {
    for (int n = 1; n <= 12; ++n) {
        faults_.arm({n % 4 + 1, FaultVfs::Call::any, SQLITE_IOERR_WRITE, true});
        commit_one();
    }
    EXPECT_FALSE(commit_one());
    const std::int64_t acknowledged = committed_;
    opened_.reset();
    opened_ = open_store(folder_.path().string());
    EXPECT_EQ(5 + acknowledged, number(postings_text));
    EXPECT_EQ(log_.seq(), store().last_seq(campus));
    EXPECT_EQ(static_cast<std::size_t>(log_.seq()), store().log_after(campus, 0, 100).size());
}

}  // namespace

}  // namespace mb::store::sqlite
