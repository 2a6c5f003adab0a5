#include "writer/writer.hpp"
#include "engine/events.hpp"
#include "engine/state.hpp"
#include "writer/replay.hpp"
#include "writer/test_memory_store.hpp"
#include "writer/writer_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace mb::writer {
namespace {

using testing::MemoryStore;

constexpr ProjectId campus{1};
constexpr ProjectId market{2};
const Instant morning = parse_rfc3339("2026-11-20T01:30:00Z").value();

engine::Event project(const std::string& name) {
    engine::ProjectConfig config;
    config.name = name;
    return engine::ProjectConfigured{config, {}};
}

engine::Event account(std::int64_t id) {
    return engine::AccountSet{{AccountId{id}, "tenant", ""}, {}};
}

std::unique_ptr<InboxRow> fact(ProjectId project, const std::string& key) {
    return std::make_unique<InboxRow>(
        InboxRow{project, InboxId{7}, "sandbox", key, morning, "{}", "raw"});
}

/// What became of each submission, in the order of the answers.
struct Answers {
    std::vector<std::pair<int, std::string>> list;  // number, error code or "" or "duplicate"

    Done operator()(int number) {
        return [this, number](const engine::EventOutcome& outcome) {
            list.emplace_back(number, outcome.refused     ? outcome.error.code
                                      : outcome.duplicate ? "duplicate"
                                                          : "");
        };
    }
    [[nodiscard]] std::string of(int number) const {
        std::string out = "no answer";
        for (const auto& [asked, code] : list) {
            if (asked == number) {
                EXPECT_EQ(out, "no answer") << "answered twice";
                out = code;
            }
        }
        return out;
    }
};

class WriterTest : public ::testing::Test {
protected:
    void SetUp() override {
        submit(project("campus"), 0);
        batch();
    }
    void submit(engine::Event event, int number, std::unique_ptr<InboxRow> inbox = {},
                ProjectId to = campus) {
        EXPECT_TRUE(writer_.submit({to, std::move(event), std::move(inbox), answers_(number)}));
    }
    bool batch() {
        now_.wall = now_.wall + Duration::seconds(1);
        now_.business = now_.wall;
        return writer_.run_batch(now_);
    }
    [[nodiscard]] bool known(std::int64_t id, ProjectId in = campus) const {
        return writer_.engine(in)->state().accounts.find(AccountId{id}) != nullptr;
    }

    MemoryStore store_;
    Answers answers_;
    engine::Now now_{morning, morning, 1};
    Writer writer_{store_, {}, {}};
};

TEST_F(WriterTest, AnswersComeAfterTheCommitOnly) {
    store_.before_commit = [&](const auto&) { EXPECT_EQ(answers_.of(1), "no answer"); };
    submit(account(1), 1);
    EXPECT_TRUE(batch());
    EXPECT_EQ(answers_.of(1), "");
    EXPECT_FALSE(batch()) << "nothing to do";
}

TEST_F(WriterTest, AnEventThatTheStoreRefusesIsParkedTheOthersGoOn) {
    // Two projects in one batch, and a constraint that refuses whatever account 3 is in.
    submit(project("market"), 1, {}, market);
    batch();
    const auto guilty = to_binary(account(3));
    store_.before_commit = [&](const std::vector<ProjectBatch>& batches) {
        for (const ProjectBatch& one : batches) {
            const Bytes& events = one.log.events;
            if (std::search(events.begin(), events.end(), guilty.begin(), guilty.end()) !=
                events.end()) {
                throw StoreConstraint("account 3");
            }
        }
    };
    submit(account(2), 2, fact(campus, "F2"));
    submit(account(3), 3, fact(campus, "F3"));
    submit(account(4), 4);
    submit(account(5), 5, {}, market);
    EXPECT_TRUE(batch());
    EXPECT_EQ(answers_.of(2), "");
    EXPECT_EQ(answers_.of(3), "event.parked");
    EXPECT_EQ(answers_.of(4), "");
    EXPECT_EQ(answers_.of(5), "");
    EXPECT_TRUE(known(2));
    EXPECT_FALSE(known(3));
    EXPECT_TRUE(known(4));
    EXPECT_TRUE(known(5, market));
    ASSERT_EQ(store_.parked.size(), 1U);
    EXPECT_EQ(store_.parked.front().event, guilty);
    EXPECT_EQ(store_.facts, (std::set<std::string>{"sandbox/F2", "sandbox/F3"}))
        << "the outside fact is kept all the same";
    EXPECT_EQ(writer_.counters().parked, 1);
}

// The refusal of the parking was nobody's: it ended the writer, and with it the server.
TEST_F(WriterTest, AFactThatTheStoreCannotKeepOnceEndedTheWriter) {
    store_.before_inbox = [](const InboxRow&) { throw StoreConstraint("not UTF-8"); };
    submit(account(2), 2, fact(campus, "F2"));
    submit(account(3), 3);
    EXPECT_TRUE(batch());
    EXPECT_EQ(answers_.of(2), "event.parked");
    EXPECT_EQ(answers_.of(3), "");
    EXPECT_TRUE(known(3));
    ASSERT_EQ(store_.parked.size(), 1U);
    EXPECT_EQ(store_.parked.front().event, to_binary(account(2)));
    EXPECT_TRUE(store_.facts.empty());
}

TEST_F(WriterTest, AStoreThatBreaksWhileAnEventIsParkedEndsNothing) {
    const auto guilty = to_binary(account(3));
    bool broken = false;
    store_.before_commit = [&](const std::vector<ProjectBatch>& batches) {
        if (batches.empty() || broken) {  // the parking
            broken = true;
            throw StoreUnavailable("connection gone", false, false);
        }
        const Bytes& events = batches.front().log.events;
        if (std::search(events.begin(), events.end(), guilty.begin(), guilty.end()) !=
            events.end()) {
            throw StoreConstraint("account 3");
        }
    };
    submit(account(2), 2);
    submit(account(3), 3);
    submit(account(4), 4);
    EXPECT_TRUE(batch());
    EXPECT_EQ(answers_.of(2), "");
    EXPECT_EQ(answers_.of(3), "store.unavailable");
    EXPECT_EQ(answers_.of(4), "store.unavailable");
    EXPECT_TRUE(writer_.counters().down);
    store_.before_commit = {};
    submit(account(5), 5);
    EXPECT_TRUE(batch());
    EXPECT_EQ(answers_.of(5), "");
    EXPECT_TRUE(known(2));
    EXPECT_FALSE(known(4));
    EXPECT_FALSE(writer_.counters().down);
}

TEST_F(WriterTest, ACommitWhoseAnswerGotLostIsAnsweredAsDone) {
    store_.after_commit = [] { throw StoreUnavailable("connection gone", false, false); };
    submit(account(2), 2);
    EXPECT_TRUE(batch());
    EXPECT_EQ(answers_.of(2), "");
    EXPECT_TRUE(known(2));
    EXPECT_EQ(writer_.counters().commit_failures, 1);
}

TEST_F(WriterTest, AFailureThatPassesIsTriedOnceMore) {
    int calls = 0;
    store_.before_commit = [&](const auto&) {
        EXPECT_EQ(answers_.list.size(), 1U) << "that of the project; nothing else meanwhile";
        if (++calls == 1) {
            throw StoreUnavailable("connection gone", false, false);
        }
    };
    submit(account(2), 2, fact(campus, "F2"));
    submit(account(3), 3, fact(campus, "F2"));
    submit(project("market"), 4, {}, market);
    submit(account(5), 5, {}, market);
    EXPECT_TRUE(batch());
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(answers_.of(2), "");
    EXPECT_EQ(answers_.of(3), "duplicate");
    EXPECT_EQ(answers_.of(5), "");
    EXPECT_TRUE(known(2));
    EXPECT_FALSE(known(3));
    EXPECT_EQ(store_.log[campus].size(), 2U) << "written once";
    EXPECT_EQ(store_.log[market].size(), 1U);
    EXPECT_EQ(store_.facts.size(), 1U);
    EXPECT_EQ(writer_.counters().commit_failures, 1);
    EXPECT_EQ(writer_.counters().retried, 1);
    EXPECT_EQ(writer_.counters().inbox_duplicates, 1);
    const Loaded again = load_newest(store_, campus);
    EXPECT_EQ(again.engine.image(), writer_.engine(campus)->image());
}

TEST_F(WriterTest, AFailureThatLastsIsAnsweredAfterTheSecondTry) {
    int calls = 0;
    store_.before_commit = [&](const auto&) {
        ++calls;
        throw StoreUnavailable("connection gone", false, false);
    };
    submit(account(2), 2, fact(campus, "F2"));
    submit(account(3), 3, fact(campus, "F2"));
    batch();
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(answers_.of(2), "store.unavailable");
    EXPECT_EQ(answers_.of(3), "store.unavailable") << "its fact is not durable either";
    EXPECT_FALSE(known(2));
    store_.before_commit = {};
    submit(account(2), 4, fact(campus, "F2"));
    batch();
    EXPECT_EQ(answers_.of(4), "");
    EXPECT_TRUE(known(2));
    EXPECT_EQ(store_.log[campus].back().seq, 2);
}

TEST_F(WriterTest, ASecondTryWhoseAnswerGotLostIsNotDoneAgain) {
    int calls = 0;
    store_.before_commit = [&](const auto&) {
        if (++calls == 1) {
            throw StoreUnavailable("connection gone", false, false);
        }
    };
    store_.after_commit = [] { throw StoreUnavailable("connection gone", false, false); };
    submit(account(2), 2, fact(campus, "F2"));
    batch();
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(answers_.of(2), "");
    EXPECT_EQ(store_.log[campus].size(), 2U);
    EXPECT_TRUE(known(2));
}

TEST_F(WriterTest, AFactThatBecameKnownMeanwhileIsADuplicate) {
    store_.before_commit = [&](const auto&) {
        store_.before_commit = {};
        store_.facts.insert("sandbox/F2");
        throw StoreUnavailable("connection gone", false, false);
    };
    submit(account(2), 2, fact(campus, "F2"));
    submit(account(3), 3);
    batch();
    EXPECT_EQ(answers_.of(2), "duplicate");
    EXPECT_EQ(answers_.of(3), "");
    EXPECT_FALSE(known(2));
    EXPECT_TRUE(known(3));
}

TEST_F(WriterTest, AStoreThatDoesNotKnowItsFactsForAMomentIsAskedOnceMore) {
    int asked = 0;
    store_.before_known = [&] {
        if (++asked == 2) {
            throw StoreUnavailable("connection gone", false, false);
        }
    };
    submit(account(2), 2, fact(campus, "F2"));
    submit(account(3), 3, fact(campus, "F3"));
    EXPECT_TRUE(batch());
    EXPECT_EQ(answers_.of(2), "");
    EXPECT_EQ(answers_.of(3), "");
    EXPECT_TRUE(known(2));
    EXPECT_EQ(store_.facts.size(), 2U);
    store_.before_known = [] { throw StoreUnavailable("connection gone", false, false); };
    submit(account(4), 4, fact(campus, "F4"));
    batch();
    EXPECT_EQ(answers_.of(4), "store.unavailable");
    EXPECT_FALSE(known(4));
}

TEST_F(WriterTest, AConstraintInTheSecondTryStillFindsTheGuiltyOne) {
    const auto guilty = to_binary(account(3));
    bool first = true;
    store_.before_commit = [&](const std::vector<ProjectBatch>& batches) {
        if (std::exchange(first, false)) {
            throw StoreUnavailable("connection gone", false, false);
        }
        for (const ProjectBatch& one : batches) {
            const Bytes& events = one.log.events;
            if (std::search(events.begin(), events.end(), guilty.begin(), guilty.end()) !=
                events.end()) {
                throw StoreConstraint("account 3");
            }
        }
    };
    submit(account(2), 2);
    submit(account(3), 3);
    batch();
    EXPECT_EQ(answers_.of(2), "");
    EXPECT_EQ(answers_.of(3), "event.parked");
    EXPECT_TRUE(known(2));
}

TEST_F(WriterTest, ACommitThatFailedLeavesTheStateBehindTheStore) {
    store_.before_commit = [](const auto&) { throw StoreUnavailable("full", true, false); };
    submit(account(2), 2);
    batch();
    EXPECT_EQ(answers_.of(2), "store.disk_full");
    EXPECT_FALSE(known(2));
    EXPECT_TRUE(writer_.counters().disk_full);
    store_.before_commit = {};
    submit(account(2), 3);
    batch();
    EXPECT_EQ(answers_.of(3), "");
    EXPECT_FALSE(writer_.counters().disk_full);
    EXPECT_EQ(store_.log[campus].back().seq, 2);
}

TEST_F(WriterTest, AFailedFsyncEndsTheWriter) {
    store_.before_commit = [](const auto&) { throw StoreUnavailable("fsync", false, true); };
    submit(account(2), 2);
    EXPECT_THROW(batch(), StoreUnavailable);
    EXPECT_EQ(answers_.of(2), "store.unavailable");
}

TEST_F(WriterTest, AKnownFactIsADuplicateInTheBatchAndInTheStore) {
    submit(account(2), 2, fact(campus, "F1"));
    submit(account(3), 3, fact(campus, "F1"));
    batch();
    submit(account(4), 4, fact(campus, "F1"));
    batch();
    EXPECT_EQ(answers_.of(2), "");
    EXPECT_EQ(answers_.of(3), "duplicate");
    EXPECT_EQ(answers_.of(4), "duplicate");
    EXPECT_FALSE(known(3));
    EXPECT_FALSE(known(4));
}

TEST_F(WriterTest, AnUnknownProjectIsRefused) {
    submit(account(2), 2, {}, ProjectId{9});
    batch();
    EXPECT_EQ(answers_.of(2), "project.unknown");
}

TEST(Writer, UrgentEventsOvertakeReadingsAndBatchesAreBounded) {
    MemoryStore store;
    WriterOptions options;
    options.batch_events_max = 4;
    options.queue_max = 10;
    Writer writer(store, options, {});
    Answers answers;
    engine::Now now{morning, morning, 1};
    ASSERT_TRUE(writer.submit({campus, project("campus"), {}, {}}));
    writer.run_batch(now);
    for (int i = 1; i <= 9; ++i) {
        EXPECT_TRUE(writer.submit(
            {campus, engine::ReadingTaken{MeterId{1}, morning, {}, {}}, {}, answers(i)}));
    }
    EXPECT_TRUE(writer.submit({campus, account(1), {}, answers(10)}));
    Submission refused{campus, account(2), {}, answers(11)};
    EXPECT_FALSE(writer.submit(std::move(refused)));
    EXPECT_TRUE(refused.done) << "nothing was taken";  // NOLINT(bugprone-use-after-move)
    std::vector<int> per_batch;
    while (writer.queued() > 0) {
        const std::size_t before = answers.list.size();
        writer.run_batch(now);
        per_batch.push_back(static_cast<int>(answers.list.size() - before));
    }
    EXPECT_EQ(per_batch, (std::vector<int>{4, 4, 2}));
    ASSERT_EQ(answers.list.size(), 10U);
    EXPECT_EQ(answers.list[0].first, 10);
    for (int i = 1; i <= 9; ++i) {
        EXPECT_EQ(answers.list[static_cast<std::size_t>(i)].first, i);
        EXPECT_EQ(answers.of(i), "meter.unknown");
    }
}

TEST(Writer, WhatAFailedFlushHadTakenComesBack) {
    MemoryStore store;
    Writer writer(store, {}, {});
    engine::Now now{morning, morning, 1};
    const auto take = [&](engine::Event event) {
        ASSERT_TRUE(writer.submit({campus, std::move(event), {}, {}}));
        writer.run_batch(now);
    };
    take(project("campus"));
    take(engine::ServicePointSet{
        {ServicePointId{1}, engine::Commodity::electricity, "A", "1", "101", {}}, {}});
    engine::Meter meter;
    meter.id = MeterId{1};
    meter.service_point = ServicePointId{1};
    meter.link.address = "000000000001";
    meter.from = morning;
    take(engine::MeterInstalled{meter, {}, {}});
    store.before_flush = [] { throw StoreUnavailable("full", true, false); };
    EXPECT_THROW(writer.flush_all(), StoreUnavailable);
    EXPECT_TRUE(store.views.empty());
    store.before_flush = {};
    writer.flush_all();
    EXPECT_EQ(store.views.count(MeterId{1}), 1U);
    EXPECT_EQ(store.day_rows, 1);
    // A view that is marked again does not write a day again that has not grown.
    take(engine::SampleTaken{MeterId{1}, now.business, 5, {}});
    writer.flush_all();
    EXPECT_EQ(store.views.at(MeterId{1}).power_dw, 5);
    EXPECT_EQ(store.day_rows, 1);
}

TEST_F(WriterTest, ACheckpointIsWrittenInSlicesWhileBatchesGoOn) {
    WriterOptions options;
    options.checkpoint_slice_bytes = 64;
    options.flush_rows_max = 1;
    Writer writer(store_, options, {});
    writer.load();
    const auto take = [&](engine::Event event) {
        now_.wall = now_.wall + Duration::seconds(1);
        now_.business = now_.wall;
        ASSERT_TRUE(writer.submit({campus, std::move(event), {}, {}}));
        writer.run_batch(now_);
    };
    for (int id = 1; id <= 3; ++id) {
        take(engine::ServicePointSet{
            {ServicePointId{id}, engine::Commodity::electricity, "A", "1", std::to_string(id), {}},
            {}});
        engine::Meter meter;
        meter.id = MeterId{id};
        meter.service_point = ServicePointId{id};
        meter.link.address = "00000000000" + std::to_string(id);
        meter.from = morning;
        take(engine::MeterInstalled{meter, {}, {}});
    }
    const std::int64_t at = store_.last_seq(campus);
    const Instant due = now_.wall + options.checkpoint_every;
    int pieces = 0;
    int flushes = 0;
    while (store_.checkpoints(campus).empty()) {
        // One piece, one batch that makes something dirty again; a flush now and then.
        const bool wrote = writer.checkpoint_slice(due);
        pieces += wrote ? 1 : 0;
        take(engine::SampleTaken{MeterId{1 + pieces % 3}, now_.business, pieces, {}});
        if (!wrote) {
            EXPECT_TRUE(store_.checkpoints(campus).empty()) << "the flush is behind";
            EXPECT_TRUE(writer.flush_slice());
            ++flushes;
        }
        ASSERT_LT(pieces + flushes, 1000);
    }
    EXPECT_GT(pieces, 4);
    EXPECT_GE(flushes, 3) << "all that was dirty at the image";
    EXPECT_EQ(store_.checkpoints(campus).front().seq, at);
    EXPECT_EQ(store_.views.size(), 3U);
    // What came in meanwhile lies behind it.
    const Loaded again = load_newest(store_, campus);
    EXPECT_EQ(again.seq, store_.last_seq(campus));
    EXPECT_EQ(crypto::sha256(again.engine.image()), crypto::sha256(writer.engine(campus)->image()));
    EXPECT_GT(again.replayed_events, 0);
}

TEST(WriterThread, ManyThreadsSubmitAndEachIsAnsweredOnce) {
    MemoryStore store;
    Writer writer(store, {}, {});
    const engine::Now first{morning, morning, 1};
    ASSERT_TRUE(writer.submit({campus, project("campus"), {}, {}}));
    writer.run_batch(first);
    std::atomic<std::int64_t> wall{morning.us};
    WriterThread thread(
        writer,
        [&wall] {
            const Instant now{wall.fetch_add(1000) + 1000};
            return engine::Now{now, now, 1};
        },
        [](const std::string& why) { ADD_FAILURE() << why; });
    thread.start();
    std::atomic<int> good{0};
    constexpr int each = 200;
    std::vector<std::thread> clients;
    for (int client = 0; client < 4; ++client) {
        clients.emplace_back([&, client] {
            for (int i = 0; i < each; ++i) {
                const auto outcome = thread.submit_and_wait(
                    {campus, account(client * each + i + 1), {}, {}}, Duration::seconds(30));
                good += outcome.refused ? 0 : 1;
            }
        });
    }
    for (std::thread& client : clients) {
        client.join();
    }
    thread.stop();
    EXPECT_EQ(good, 4 * each);
    EXPECT_FALSE(thread.submit({campus, account(1), {}, {}})) << "it has stopped";
    EXPECT_EQ(writer.engine(campus)->state().accounts.count(), 4U * each);
    const Loaded again = load_newest(store, campus);
    EXPECT_EQ(again.engine.state().accounts.count(), 4U * each);
}

}  // namespace
}  // namespace mb::writer
