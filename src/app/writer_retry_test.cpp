// A batch on a real store that fails once, at each of its calls in turn: it is done, and once.
#include "app/verify_command.hpp"
#include "app/verify_steps.hpp"
#include "engine/state.hpp"
#include "store/sql_store.hpp"
#include "store/test_engines.hpp"
#include "store/test_failing.hpp"
#include "writer/replay.hpp"
#include "writer/writer.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace mb::app {

namespace {

using namespace store::test;

class WriterRetry : public EngineTest {
protected:
    void SetUp() override {
        writer_.load();
        EXPECT_EQ(submit(engine::ProjectConfigured{config(), {}}), "");
        EXPECT_EQ(submit(engine::AccountSet{{AccountId{1}, "王", ""}, {}}), "");
    }
    /// "" or the refusal.
    std::string submit(engine::Event event, std::unique_ptr<writer::InboxRow> fact = {}) {
        std::string answer = "no answer";
        const auto done = [&](const engine::EventOutcome& outcome) {
            EXPECT_EQ(answer, "no answer");
            answer = outcome.refused ? outcome.error.code : outcome.duplicate ? "duplicate" : "";
        };
        EXPECT_TRUE(writer_.submit({campus, std::move(event), std::move(fact), done}));
        now_.wall = now_.business = now_.business + Duration::seconds(1);
        writer_.run_batch(now_);
        return answer;
    }
    std::string pay(int number, int fact) {
        engine::OpeningBalance fen;
        fen.account = AccountId{1};
        fen.amount = Money{1};
        fen.idempotency = std::to_string(number);
        return submit(fen, std::make_unique<writer::InboxRow>(
                               writer::InboxRow{campus, InboxId{fact}, "sandbox",
                                                "F" + std::to_string(fact), now_.wall, "{}", ""}));
    }
    [[nodiscard]] Money ledger() const {
        return writer_.engine(campus)->state().accounts.find(AccountId{1})->ledger;
    }
    /// Ends behind the last call of a batch; the number of batches.
    int fail_at_each_call(FailingDatabase::When when) {
        for (int call = 1;; ++call) {
            const int number = ++paid_;
            const std::int64_t seq = failing_store_.last_seq(campus);
            failing_.arm(call, when);
            EXPECT_EQ(pay(number, number), "") << "call " << call;
            failing_.disarm();
            EXPECT_EQ(failing_store_.last_seq(campus), seq + 1) << "call " << call;
            EXPECT_EQ(ledger(), Money{number}) << "call " << call;
            EXPECT_EQ(pay(number, number), "duplicate") << "its fact is kept";
            if (!failing_.fired()) {
                return call;
            }
        }
    }

    FailingDatabase failing_{database()};
    store::SqlStore failing_store_{failing_};
    writer::Writer writer_{failing_store_, {}, {}};
    engine::Now now_{morning, morning, 1};
    int paid_ = 0;
};

MB_ON_EVERY_ENGINE(WriterRetry);

TEST_P(WriterRetry, a_failure_at_any_call_is_made_good) {
    EXPECT_GT(fail_at_each_call(FailingDatabase::When::before), 5);
    EXPECT_GT(fail_at_each_call(FailingDatabase::When::behind), 5);
    EXPECT_GT(writer_.counters().retried, 5);
    EXPECT_GT(writer_.counters().commit_failures, writer_.counters().retried)
        << "some were found to be committed";
    writer_.flush_all();
    EXPECT_EQ(writer::load_newest(store(), campus).engine.image(), writer_.engine(campus)->image());
    std::ostringstream report;
    EXPECT_EQ(verify_database(database(), false, report, engine_steps()), 0) << report.str();
}

}  // namespace

}  // namespace mb::app
