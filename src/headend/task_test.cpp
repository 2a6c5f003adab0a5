// Commands from the outbox to the relay and back: every way they can end.
#include "headend/task.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "headend/scripted_field_test.hpp"

namespace mb::headend {
namespace {

using engine::CommandKind;
using testing::Field;
using testing::ScriptedMeter;

const std::string address = "002611150042";
const std::string imei = "866123045678901";

/// A meter on a modem, polled once, then at rest.
struct Tasks : ::testing::Test {
    Tasks() : meter(field.add_meter(address, MeterId{7}, "imei", imei)) {
        link = field.dial("imei", {address}, imei + "\r\n");
        field.run(Duration::seconds(5));
        field.all.clear();
        meter.seen.clear();
    }
    [[nodiscard]] int relay_frames() const {
        return static_cast<int>(std::ranges::count(meter.seen, std::uint8_t{0x1C}));
    }
    Field field;
    ScriptedMeter& meter;
    LinkId link;
};

TEST_F(Tasks, ATripIsSentAcceptedAndReadBack) {
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::seconds(5));
    EXPECT_EQ(field.story(31), "sent acked status:open");
    EXPECT_TRUE(meter.relay_open);
    ASSERT_EQ(meter.relay_data.size(), 1U);
    // level 02, password 123456, operator 00000031 = the command, 1A 00, deadline 09:35:05 on
    // 2026-11-20.
    EXPECT_EQ(hex(meter.relay_data[0]),
              "0256341231000000"
              "1A00"
              "053509201126");
    EXPECT_EQ(field.board->tasks(), 0U);
    EXPECT_EQ(field.board->counters().tasks_verified, 1U);
    // Load is looked at soon after a relay has moved.
    EXPECT_EQ(field.events<engine::SampleTaken>().back().power_dw, 0);
}

TEST_F(Tasks, AcceptedIsNotDone) {
    meter.relay_delay = Duration::seconds(4);
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(31), "sent acked");
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(31), "sent acked status:open");
}

TEST_F(Tasks, AStuckRelayIsToldAtTheEndOfTheWindow) {
    meter.stuck = true;
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::seconds(9));
    EXPECT_EQ(field.story(31), "sent acked");
    field.run(Duration::seconds(4));
    EXPECT_EQ(field.story(31), "sent acked status:closed");
    EXPECT_EQ(field.board->tasks(), 0U);
}

TEST_F(Tasks, RefusalsAreNamed) {
    const std::map<std::uint16_t, std::string> names{
        {0x01, "meter.remote_locked"}, {0x02, "meter.mac"},
        {0x04, "meter.password"},      {0x08, "meter.authentication_expired"},
        {0x10, "meter.deadline"},      {0x20, "meter.keep_power"},
        {0x40, "meter.auto_restore"},  {0x200, "meter.refused"}};
    std::int64_t command = 40;
    for (const auto& [word, code] : names) {
        meter.refuse_word = word;
        field.submit(field.task(++command, CommandKind::trip, MeterId{7}));
        field.run(Duration::seconds(2));
        EXPECT_EQ(field.story(command), "sent refused:" + code);
    }
    EXPECT_EQ(refusal_code({dlt645::Function::relay, 0x04, 1}), "meter.password");
    EXPECT_EQ(refusal_code({dlt645::Function::relay, 0x01, 1}), "meter.refused");
}

TEST_F(Tasks, ALostAckIsUnknownThenReadBack) {
    meter.mute = {0x1C};
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::seconds(8));
    EXPECT_EQ(field.story(31), "sent timed_out:meter.no_answer status:open");
    EXPECT_EQ(relay_frames(), 1);
}

TEST_F(Tasks, ADeadMeterEndsInTimedOutOnce) {
    meter.dead = true;
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::seconds(60));
    EXPECT_EQ(field.story(31), "sent timed_out:meter.no_answer");
    EXPECT_EQ(field.board->tasks(), 0U);
}

TEST_F(Tasks, ALateAckOfAnEarlierFrameAcknowledgesNothing) {
    meter.mute = {0x1C, 0x11, 0x11, 0x11, 0x11};
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::seconds(20));
    field.all.clear();
    meter.stuck = true;
    meter.relay_open = meter.commanded_open = true;
    // The close's 9C could be the trip's: it is read back, never called accepted.
    field.submit(field.task(32, CommandKind::close, MeterId{7}));
    field.run(Duration::seconds(20));
    EXPECT_EQ(field.story(32), "sent status:open");
}

TEST_F(Tasks, WhatMayHaveBeenSentIsReadFirst) {
    meter.relay_open = meter.commanded_open = true;
    field.submit(field.task(31, CommandKind::trip, MeterId{7}, 2));
    field.submit(field.task(32, CommandKind::read, MeterId{7}));
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(31), "status:open");
    EXPECT_EQ(relay_frames(), 0);
    field.submit(field.task(34, CommandKind::trip, MeterId{7}), true);
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(34), "status:open");
    EXPECT_EQ(relay_frames(), 0);
    // Not as wanted: an unnamed status, then the frame.
    field.submit(field.task(33, CommandKind::close, MeterId{7}), true);
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(33), "sent acked status:closed");
    EXPECT_EQ(relay_frames(), 1);
}

TEST_F(Tasks, AnotherAttemptReplacesTheOlder) {
    meter.stuck = true;
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::seconds(2));
    field.submit(field.task(31, CommandKind::trip, MeterId{7}, 2));
    field.submit(field.task(31, CommandKind::trip, MeterId{7}, 2));  // given twice
    EXPECT_EQ(field.board->tasks(), 1U);
    meter.stuck = false;
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(31), "sent acked sent acked status:open");
    const auto reports = field.events<engine::CommandReported>();
    EXPECT_EQ(reports.front().attempt, 1);
    EXPECT_EQ(reports.back().attempt, 2);
}

TEST_F(Tasks, WithoutALinkATaskWaitsAndTheNewestWins) {
    field.hang_up(link);
    field.all.clear();
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.submit(field.task(32, CommandKind::close, MeterId{7}));
    field.run(Duration::seconds(30));
    EXPECT_EQ(field.story(31), "waiting_online timed_out:headend.superseded");
    EXPECT_EQ(field.story(32), "waiting_online");
    field.dial("imei", {address}, imei + "\r\n");
    field.run(Duration::seconds(5));
    EXPECT_EQ(field.story(32), "waiting_online sent acked status:closed");
    EXPECT_EQ(relay_frames(), 1);
}

TEST_F(Tasks, ATaskNobodyCouldSendEndsAfterItsDeadline) {
    field.hang_up(link);
    field.all.clear();
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.submit(field.task(32, CommandKind::read, MeterId{7}));
    field.run(Duration::minutes(5));
    EXPECT_EQ(field.board->tasks(), 2U);
    field.run(Duration::seconds(11));
    EXPECT_EQ(field.story(31), "waiting_online timed_out:headend.expired");
    EXPECT_EQ(field.story(32), "waiting_online timed_out:headend.expired");
    field.dial("imei", {address}, imei + "\r\n");
    field.run(Duration::seconds(30));
    EXPECT_EQ(relay_frames(), 0);
}

TEST_F(Tasks, BehindItsDeadlineNothingIsSentThoughTheMeterIsThere) {
    field.hang_up(link);
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::minutes(5) + Duration::seconds(2));
    field.dial("imei", {address}, imei + "\r\n");
    field.run(Duration::seconds(30));
    EXPECT_EQ(relay_frames(), 0);
    EXPECT_EQ(field.board->tasks(), 0U);
}

TEST(TaskRunAlone, NothingLeavesAtTheDeadline) {
    struct Silent : Reporter {
        void report(ProjectId, engine::Event&&) override { ++reports; }
        void task_ended(ProjectId, CommandId, TaskEnd) override {}
        int reports = 0;
    } out;
    engine::Now now{Instant{1'000'000}, Instant{1'000'000}, 1};
    TaskRun run({ProjectId{1}, MeterId{7}},
                {CommandId{5}, CommandKind::trip, 1, Instant{2'000'000}, false});
    now.business = Instant{2'000'000};
    EXPECT_EQ(run.next(now, Ask::registers_block, out), std::nullopt);
    EXPECT_EQ(out.reports, 0);
    now.business = Instant{1'999'999};
    EXPECT_EQ(run.next(now, Ask::registers_block, out), Ask::relay);
    EXPECT_EQ(out.reports, 1);
}

TEST_F(Tasks, SupersededBeforeItLeavesItNeverLeaves) {
    field.hang_up(link);
    field.all.clear();
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    EXPECT_TRUE(field.board->supersede(ProjectId{1}, CommandId{31}, field.now));
    EXPECT_FALSE(field.board->supersede(ProjectId{1}, CommandId{31}, field.now));
    field.dial("imei", {address}, imei + "\r\n");
    field.run(Duration::minutes(1));
    EXPECT_EQ(relay_frames(), 0);
}

TEST_F(Tasks, ALinkLostAfterSendingIsUnknown) {
    meter.latency = Duration::seconds(2);
    field.submit(field.task(31, CommandKind::trip, MeterId{7}));
    field.run(Duration::seconds(1));
    field.hang_up(link);
    EXPECT_EQ(field.story(31), "sent timed_out:link.closed");
    EXPECT_EQ(field.board->tasks(), 0U);
}

TEST_F(Tasks, APermitIsSeenInTheStatusWord) {
    meter.relay_open = meter.commanded_open = true;
    field.submit(field.task(31, CommandKind::permit, MeterId{7}));
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(31), "sent acked status:open");
    EXPECT_FALSE(field.events<engine::StatusRead>().front().commanded_open);
    EXPECT_EQ(meter.relay_data[0][8], 0x1B);
}

TEST_F(Tasks, AReadDeliversRegistersStatusAndPowerThenIsDone) {
    field.submit(field.task(31, CommandKind::read, MeterId{7}));
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(31), "sent status:closed done");
    const auto readings = field.events<engine::ReadingTaken>();
    ASSERT_EQ(readings.size(), 1U);
    EXPECT_EQ(readings[0].source, engine::ReadingSource::command);
    EXPECT_EQ(field.events<engine::SampleTaken>().size(), 1U);
}

TEST_F(Tasks, AMeterWithoutAPasswordIsReadOnly) {
    engine::Meter other;
    other.id = MeterId{9};
    other.link.address = "000000000009";
    other.link.password = "12";
    field.board->configure(ProjectId{2}, {"Asia/Shanghai", {other}}, field.now);
    auto row = field.task(31, CommandKind::trip, MeterId{9});
    field.board->submit(ProjectId{2}, row, false, field.now);
    EXPECT_EQ(field.story(31), "refused:headend.password");
}

TEST_F(Tasks, TooManyAreRefusedAtOnce) {
    field.hang_up(link);
    for (int i = 0; i < 12; ++i) field.submit(field.task(50 + i, CommandKind::read, MeterId{7}));
    EXPECT_EQ(field.board->tasks(), HeadendSettings{}.tasks_per_meter_max);
    EXPECT_EQ(field.story(61), "refused:headend.too_many_tasks");
}

TEST(TaskSpeed, AtSpeedThePretripDelayIsBusinessTimeAndTheDeadlineLocal) {
    Field field({}, 60);
    auto& meter = field.add_meter(address, MeterId{7}, "imei", imei);
    field.dial("imei", {address}, imei + "\r\n");
    field.run(Duration::seconds(5));
    field.submit(field.task(31, CommandKind::trip, MeterId{7}, 1, Duration::minutes(30)));
    field.run(Duration::seconds(3));
    EXPECT_EQ(field.story(31), "sent acked status:open");
    EXPECT_EQ(hex(ByteView(meter.relay_data.at(0)).subspan(10, 3)), "000510");  // 10:05:00
}

/// A meter that does anything: every task ends in exactly one report, and `acked` never comes
/// without a 9C.
RC_GTEST_PROP(Properties, EveryTaskEndsOnceAndNoAckWithoutOne, ()) {
    Field field;
    auto& meter = field.add_meter(address, MeterId{7}, "imei", imei);
    int acks = 0;
    field.distort = [&](Bytes answer) {
        const int fate = *rc::gen::inRange(0, 10);
        if (fate == 0) return std::vector<Bytes>{};
        if (fate == 1) answer[answer.size() - 2] ^= 0x55;
        acks += fate != 1 && answer.size() == 14 && answer[10] == 0x9C ? 1 : 0;
        if (fate == 2) return std::vector<Bytes>{answer, answer};
        return std::vector<Bytes>{answer};
    };
    std::optional<LinkId> link;
    std::map<std::int64_t, std::int32_t> commands;
    for (int i = 0; i < 30; ++i) {
        switch (*rc::gen::inRange(0, 7)) {
            case 0:
                if (link) field.hang_up(*link);
                link.reset();
                break;
            case 1:
                if (!link) link = field.dial("imei", {address}, imei + "\r\n");
                break;
            case 2: meter.stuck = !meter.stuck; break;
            case 3: meter.latency = Duration::milliseconds(*rc::gen::inRange(10, 5'000)); break;
            case 4: meter.refuse_word = *rc::gen::element<std::uint16_t>(0, 0, 0x20); break;
            default: {
                const auto kind = *rc::gen::element(CommandKind::trip, CommandKind::close,
                                                    CommandKind::permit, CommandKind::read);
                const auto attempt = *rc::gen::inRange(1, 3);
                field.submit(field.task(100 + i, kind, MeterId{7}, attempt));
                commands[100 + i] = attempt;
            }
        }
        field.run(Duration::milliseconds(*rc::gen::inRange(0, 20'000)));
        if (link) field.feed(*link, Bytes{0});
    }
    field.run(Duration::minutes(6));
    RC_ASSERT(field.board->tasks() == 0U);
    int acked = 0;
    std::map<std::int64_t, int> ends;
    for (const auto& report : field.events<engine::CommandReported>()) {
        using engine::CommandPhase;
        acked += report.phase == CommandPhase::acked ? 1 : 0;
        const bool end = report.phase == CommandPhase::refused ||
                         report.phase == CommandPhase::done ||
                         report.phase == CommandPhase::timed_out;
        ends[report.command.value] += end ? 1 : 0;
    }
    RC_ASSERT(acked <= acks);
    for (const auto& [command, attempt] : commands) {
        const std::string story = field.story(command);
        RC_ASSERT(ends[command] + (story.find("status:") != std::string::npos ? 1 : 0) >= 1);
        RC_ASSERT(ends[command] <= 1);
    }
}

}  // namespace
}  // namespace mb::headend
