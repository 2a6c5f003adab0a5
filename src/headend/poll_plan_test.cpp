// Rounds, fairness behind a gateway, clocks: a Switchboard over a scripted field.
#include "headend/poll_plan.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "headend/scripted_field_test.hpp"

namespace mb::headend {
namespace {

using testing::Field;

const std::string address_a = "002611150042";

TEST(Polling, EachQuarterOnceAndNeverMore) {
    Field field;
    field.add_meter(address_a, MeterId{7});
    field.dial("plain", {address_a});
    field.run(Duration::hours(4));
    const auto readings = field.events<engine::ReadingTaken>();
    EXPECT_GE(readings.size(), 16U);
    EXPECT_LE(readings.size(), 17U);
    for (std::size_t i = 2; i < readings.size(); ++i) {
        const std::int64_t behind = readings[i].at.us % Duration::minutes(15).us;
        EXPECT_LT(behind, Duration::minutes(2).us + Duration::seconds(1).us);
        EXPECT_GT((readings[i].at - readings[i - 1].at).us, Duration::minutes(14).us);
    }
    EXPECT_EQ(field.board->counters().polls_skipped, 0U);
    EXPECT_EQ(field.events<engine::SampleTaken>().size(), readings.size() + 4);  // the clock hourly
}

TEST(Polling, FallsBackToTheTotalRegisterAndStaysThere) {
    Field field;
    field.add_meter(address_a, MeterId{7}).no_block = true;
    const LinkId link = field.dial("plain", {address_a});
    field.run(Duration::minutes(31));
    const auto readings = field.events<engine::ReadingTaken>();
    ASSERT_GE(readings.size(), 2U);
    for (const auto& reading : readings) EXPECT_EQ(reading.registers.count, 1);
    const auto before = field.board->counters().links.requests;
    field.hang_up(link);
    field.dial("plain", {address_a});
    field.run(Duration::minutes(16));
    EXPECT_EQ(field.events<engine::ReadingTaken>().back().registers.count, 1);
    EXPECT_GT(field.board->counters().links.requests, before);
}

TEST(Polling, JoinsABlockThatComesInParts) {
    Field field;
    field.add_meter(address_a, MeterId{7}).parts = true;
    field.dial("plain", {address_a});
    field.run(Duration::seconds(5));
    const auto readings = field.events<engine::ReadingTaken>();
    ASSERT_EQ(readings.size(), 1U);
    EXPECT_EQ(readings[0].registers.count, 5);
    EXPECT_EQ(readings[0].registers.value[4].units, 13'900);
}

TEST(Polling, DigitsThatAreNoneAreNoReading) {
    Field field;
    field.add_meter(address_a, MeterId{7}).bad_digits = true;
    field.dial("plain", {address_a});
    field.run(Duration::seconds(10));
    EXPECT_TRUE(field.events<engine::ReadingTaken>().empty());
    EXPECT_GE(field.board->counters().links.bad_values, 1U);
    EXPECT_EQ(field.events<engine::StatusRead>().size(), 1U);
}

TEST(Polling, AtHighSpeedRoundsAreSkippedNotQueued) {
    Field field({}, 120);
    for (int i = 0; i < 64; ++i) {
        auto& meter =
            field.add_meter(fmt::format("{:012d}", i + 1), MeterId{i + 1}, "gateway", "GW1");
        meter.latency = Duration::milliseconds(200);
        meter.dead = i % 2 == 1;
    }
    std::vector<std::string> line;
    for (int i = 0; i < 64; ++i) line.push_back(fmt::format("{:012d}", i + 1));
    const LinkId link = field.dial("gateway", line, "GW1\r\n");
    for (int i = 0; i < 20; ++i) {
        field.run(Duration::seconds(30));
        field.feed(link, as_bytes("HB"));
    }
    // 600 wall seconds are 80 business quarters of 64 meters; a line of this speed cannot carry
    // them.
    const auto counters = field.board->counters();
    EXPECT_GT(counters.polls_skipped, 0U);
    EXPECT_LT(counters.links.requests, 3'100U);
    std::map<std::int64_t, int> by_meter;
    for (const auto& reading : field.events<engine::ReadingTaken>())
        ++by_meter[reading.meter.value];
    EXPECT_EQ(by_meter.size(), 32U);
    const auto [least, most] =
        std::ranges::minmax_element(by_meter, {}, [](const auto& m) { return m.second; });
    EXPECT_GE(least->second * 2, most->second)
        << "unfair: " << least->second << " to " << most->second;
}

TEST(Polling, SilentMetersDoNotStarveTheOthers) {
    Field field;
    std::vector<std::string> line;
    for (int i = 0; i < 16; ++i) {
        line.push_back(fmt::format("{:012d}", i + 1));
        field.add_meter(line.back(), MeterId{i + 1}, "gateway", "GW1").dead = i != 15;
    }
    const LinkId link = field.dial("gateway", line, "GW1\r\n");
    for (int i = 0; i < 120; ++i) {
        field.run(Duration::seconds(60));
        field.feed(link, as_bytes("HB"));
    }
    const auto readings = field.events<engine::ReadingTaken>();
    EXPECT_GE(readings.size(), 8U);  // of the one that lives: nine quarters in two hours
    int offline = 0;
    for (const auto& contact : field.events<engine::ContactChanged>()) {
        if (!contact.online) offline += static_cast<int>(contact.meters.size());
    }
    EXPECT_EQ(offline, 15);
    EXPECT_EQ(field.board->link_list(0, 10)[0].silent_meters, 15);
    field.meter(line[0]).dead = false;
    for (int i = 0; i < 150; ++i) {
        field.run(Duration::seconds(60));
        field.feed(link, as_bytes("HB"));
    }
    EXPECT_EQ(field.board->link_list(0, 10)[0].silent_meters, 14);
    // Told once each: the silent ones are not told again when the link goes.
    field.all.clear();
    field.hang_up(link);
    const auto last = field.events<engine::ContactChanged>();
    ASSERT_EQ(last.size(), 1U);
    EXPECT_EQ(last[0].meters, (std::vector{MeterId{1}, MeterId{16}}));
}

/// The plan alone, by hand.
struct Plan : ::testing::Test {
    Plan() {
        now.wall = now.business = *parse_rfc3339("2026-11-20T01:30:00Z");
        plan.link_up(settings, now);
        pass(Duration::seconds(5));
    }
    void pass(Duration span) {
        now.wall = now.wall + span;
        now.business = now.business + span;
    }
    /// Begins what is due, answers or not; the questions it put.
    std::vector<Ask> round(bool answer) {
        std::vector<Ask> out;
        skipped += plan.begin_if_due(settings, now);
        while (const auto ask = plan.next()) {
            out.push_back(*ask);
            if (answer) {
                plan.heard(settings);
                plan.answered(*ask, now);
            } else {
                plan.silent(settings, now);
            }
        }
        return out;
    }
    PollSettings settings;
    PollPlan plan{77};
    engine::Now now;
    std::uint64_t skipped = 0;
};

TEST_F(Plan, ALateRoundCarriesTheRegistersOnlyAndSkippedOnesAreCounted) {
    const std::vector<Ask> all{Ask::registers_block, Ask::status, Ask::power};
    EXPECT_EQ(round(true), all);
    pass(plan.due(now) - now.wall);
    EXPECT_EQ(round(true), all);
    EXPECT_EQ(skipped, 0U);
    pass(Duration::minutes(55));
    EXPECT_EQ(round(true), std::vector{Ask::registers_block});
    EXPECT_EQ(skipped, 2U);
    EXPECT_TRUE(round(true).empty());
    plan.look_again();
    EXPECT_EQ(round(true), all);
}

TEST_F(Plan, ASilentMeterIsAskedOnceARoundAndEverMoreRarely) {
    EXPECT_EQ(round(false).size(), 2U);  // the question and its repetition
    std::vector<std::int64_t> waits_min;
    for (int i = 0; i < 8; ++i) {
        const Instant before = now.business;
        pass(plan.due(now) - now.wall);
        const auto asked = round(false).size();
        EXPECT_EQ(asked, i < 2 ? 2U : 1U);
        waits_min.push_back((now.business - before).us / 60'000'000);
    }
    EXPECT_EQ((std::vector(waits_min.begin() + 2, waits_min.end())),
              (std::vector<std::int64_t>{30, 60, 120, 120, 120, 120}));
    pass(plan.due(now) - now.wall);
    EXPECT_EQ(round(true).size(), 1U);
    pass(plan.due(now) - now.wall);
    EXPECT_EQ(round(true).size(), 3U);
}

TEST_F(Plan, AtSpeedTheTimerIsNeverTooEarly) {
    now.speed = 7;
    round(true);
    const Instant due = plan.due(now);
    now.business = now.business + (due - now.wall) * now.speed;
    now.wall = due;
    EXPECT_FALSE(round(true).empty());
}

TEST(Clocks, SmallErrorsByBroadcastLargeOnesByWrite) {
    Field field;
    const std::string address_b = "002611150043";
    const std::string address_c = "002611150044";
    field.add_meter(address_a, MeterId{7}).clock_ahead = Duration::minutes(-3);
    field.add_meter(address_b, MeterId{8}).clock_ahead = Duration::minutes(40);
    field.add_meter(address_c, MeterId{9}).clock_ahead = Duration::days(-9'000);
    field.meter(address_c).no_clock_id = true;
    for (const auto& address : {address_a, address_b, address_c}) field.dial("plain", {address});
    field.run(Duration::minutes(10));
    EXPECT_EQ(field.meter(address_a).broadcasts, 1);
    EXPECT_EQ(field.meter(address_a).clock_writes, 0);
    EXPECT_EQ(field.meter(address_b).broadcasts, 0);
    EXPECT_EQ(field.meter(address_b).clock_writes, 1);
    EXPECT_EQ(field.meter(address_c).clock_writes, 2);
    EXPECT_EQ(field.board->counters().clocks_set, 3U);
    std::map<std::int64_t, std::int64_t> ahead;
    for (const auto& sample : field.events<engine::SampleTaken>()) {
        if (sample.clock_ahead_s) ahead[sample.meter.value] = *sample.clock_ahead_s;
    }
    EXPECT_NEAR(static_cast<double>(ahead[7]), -180, 1);
    EXPECT_NEAR(static_cast<double>(ahead[8]), 2'400, 1);
    // Once a day: it goes wrong again and stays so until tomorrow.
    field.meter(address_a).clock_ahead = Duration::minutes(2);
    field.run(Duration::hours(3));
    EXPECT_EQ(field.meter(address_a).broadcasts, 1);
    field.run(Duration::hours(24));
    EXPECT_EQ(field.meter(address_a).broadcasts, 2);
}

TEST(Clocks, NothingIsTouchedAroundMidnight) {
    Field field;
    field.now.business = *parse_rfc3339("2026-11-20T23:52:00+08:00");
    field.add_meter(address_a, MeterId{7}).clock_ahead = Duration::minutes(-3);
    field.dial("plain", {address_a});
    field.run(Duration::minutes(17));
    EXPECT_EQ(field.meter(address_a).broadcasts, 0);
    field.run(Duration::minutes(60));
    EXPECT_EQ(field.meter(address_a).broadcasts, 1);
}

}  // namespace
}  // namespace mb::headend
