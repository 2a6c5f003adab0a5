// A crash between any two calls of the store on its engine: after opening again all of a batch is
// there or none of it, and nothing that was acknowledged is missing.
#include <gtest/gtest.h>

#include "store/sql_store.hpp"
#include "store/statements/site.hpp"
#include "store/test_engines.hpp"
#include "store/test_failing.hpp"
#include "store/verify.hpp"

namespace mb::store {

namespace {

using namespace test;
using When = FailingDatabase::When;

constexpr Sql postings{R"sql(SELECT count(*) FROM posting)sql"};
constexpr Sql entries{R"sql(SELECT count(*) FROM timeline)sql"};
constexpr Sql parked{R"sql(SELECT count(*) FROM parked_event)sql"};
constexpr Sql views{R"sql(SELECT min(version), max(version) FROM meter_view)sql"};
constexpr Sql day_parts{R"sql(SELECT min(held_count), max(held_count) FROM day_row)sql"};

constexpr int calls_max = 200;

class Crash : public EngineTest {
protected:
    Crash() {
        log_ = write_scene(store());
        was_postings_ = number(postings);
        was_entries_ = number(entries);
        was_parked_ = number(parked);
    }
    std::int64_t number(const Sql& sql, int column = 0) {
        const Lease session = database().read();
        Statement& row = session->statement(sql);
        EXPECT_TRUE(row.next());
        return row.integer(column);
    }
    std::string found() {
        std::string out;
        for (const VerifyFinding& finding : verify(database()).findings) {
            out += finding.table + " " + finding.key + " " + finding.code + "\n";
        }
        return out;
    }
    /// Runs work(store) with a crash at each call in turn, before it and behind it, opens the store
    /// again and calls settle(broken); until nothing broke. How often it broke.
    template <class Work, class Settle>
    int at_every_call(Work&& work, Settle&& settle) {
        int broken = 0;
        for (const When when : {When::before, When::behind}) {
            for (int call = 1; call <= calls_max; ++call) {
                bool threw = false;
                {
                    FailingDatabase failing(database());
                    SqlStore attempt(failing);
                    failing.arm(call, when);
                    try {
                        work(attempt);
                    } catch (const writer::StoreUnavailable&) {
                        threw = true;
                    }
                    EXPECT_EQ(failing.fired(), threw);
                }
                reopen();
                settle(threw);
                broken += threw ? 1 : 0;
                if (!threw) {
                    break;
                }
                EXPECT_LT(call, calls_max);
            }
        }
        return broken;
    }

    Log log_;
    std::int64_t was_postings_ = 0;
    std::int64_t was_entries_ = 0;
    std::int64_t was_parked_ = 0;
};

MB_ON_EVERY_ENGINE(Crash);

TEST_P(Crash, a_batch_is_there_or_not) {
    using rules::ledger::Cause;
    using rules::ledger::Kind;
    std::int64_t there = 0;
    std::int64_t tried = 0;
    Log next;
    const auto work = [&](writer::Store& attempt) {
        ++tried;
        next = log_;
        const auto effects = effects_of(
            {transfer(6 + there, {Kind::clearing, 1}, rules::ledger::cash_of(AccountId{2}), 100,
                      Cause::payment, "pay:sandbox:N" + std::to_string(tried)),
             timeline(3 + there, "order.paid"), relay(1), alarm()});
        const Instant now = morning + Duration::minutes(20 + tried);
        attempt.commit({{next.next(campus, effects, now), &effects}},
                       {inbox(100 + tried, "N" + std::to_string(tried))},
                       {{campus, Bytes{1}, {now, now, 60}, "a test"}});
    };
    const auto settle = [&](bool broken) {
        const bool committed = store().last_seq(campus) == next.seq();
        EXPECT_TRUE(committed || broken) << "acknowledged, so it is there";
        EXPECT_EQ(committed, store().inbox_known(campus, "sandbox", "N" + std::to_string(tried)));
        if (committed) {
            log_ = next;
            ++there;
        }
        EXPECT_EQ(was_postings_ + there, number(postings));
        EXPECT_EQ(was_entries_ + there, number(entries));
        EXPECT_EQ(was_parked_ + there, number(parked));
        EXPECT_EQ(static_cast<std::size_t>(log_.seq()), store().log_after(campus, 0, 1000).size());
    };
    EXPECT_GT(at_every_call(work, settle), 14);
    EXPECT_EQ(3, there) << "two undisturbed, and the one whose answer to COMMIT was lost";
}

TEST_P(Crash, a_flush_is_there_or_not) {
    std::int64_t version = 100;
    std::int64_t was = number(views);
    const auto work = [&](writer::Store& attempt) {
        ++version;
        writer::Flush flush;
        flush.project = campus;
        for (const std::int64_t id : {1, 2}) {
            flush.meters.push_back(meter_view(id));
            flush.meters.back().version = version;
        }
        flush.days = day_rows();
        for (engine::DayRow& day : flush.days) {
            day.held = static_cast<std::int32_t>(version);
        }
        attempt.flush(flush);
    };
    const auto settle = [&](bool broken) {
        const std::int64_t now = number(views);
        EXPECT_EQ(now, number(views, 1));
        EXPECT_TRUE(now == version || (broken && now == was)) << now;
        if (now == version) {
            EXPECT_EQ(now, number(day_parts));
            EXPECT_EQ(now, number(day_parts, 1));
        }
        was = now;
    };
    EXPECT_GT(at_every_call(work, settle), 10);
}

TEST_P(Crash, a_checkpoint_counts_once_it_is_whole) {
    Instant now = morning + Duration::minutes(30);
    const auto work = [&](writer::Store& attempt) {
        now = now + Duration::minutes(1);
        const engine::Effects none;
        store().commit({{log_.next(campus, none, now), &none}}, {}, {});
        checkpoint(attempt, log_, now, 2500);
    };
    const auto settle = [&](bool broken) {
        const auto kept = store().checkpoints(campus);
        ASSERT_EQ(2U, kept.size());
        for (const writer::CheckpointInfo& info : kept) {
            EXPECT_EQ(static_cast<std::size_t>(info.size), store().checkpoint_image(info).size());
        }
        EXPECT_TRUE(broken || kept[0].seq == log_.seq());
        // Behind the newest checkpoint the log is whole: a replay reaches its end.
        const auto rows = store().log_after(campus, kept[0].seq, 1000);
        EXPECT_EQ(static_cast<std::size_t>(log_.seq() - kept[0].seq), rows.size());
    };
    EXPECT_GT(at_every_call(work, settle), 30);
    EXPECT_EQ("", found());
}

TEST_P(Crash, verify_is_clean_before_and_after_opening) {
    EXPECT_EQ("", found());
    reopen();
    EXPECT_EQ("", found());
}

}  // namespace

}  // namespace mb::store
