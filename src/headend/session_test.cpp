// Who dials in, polling, fairness, faults of the line: a Switchboard over a scripted field.
#include "headend/session.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "headend/scripted_field_test.hpp"

namespace mb::headend {
namespace {

using testing::Field;
using testing::ScriptedMeter;

const std::string address_a = "002611150042";
const std::string imei_a = "866123045678901";

TEST(Links, APlainMeterIsAskedForItsAddressAndRead) {
    Field field;
    field.add_meter(address_a, MeterId{7});
    field.dial("plain", {address_a});
    field.run(Duration::seconds(5));
    const auto readings = field.events<engine::ReadingTaken>();
    ASSERT_EQ(readings.size(), 1U);
    EXPECT_EQ(readings[0].meter, MeterId{7});
    EXPECT_EQ(readings[0].registers.count, 5);
    EXPECT_EQ(readings[0].registers.total().units, 123'400);
    EXPECT_EQ(readings[0].registers.value[4].units, 13'900);
    EXPECT_EQ(readings[0].source, engine::ReadingSource::poll);
    const auto contact = field.events<engine::ContactChanged>();
    ASSERT_EQ(contact.size(), 1U);
    EXPECT_TRUE(contact[0].online);
    EXPECT_EQ(field.events<engine::StatusRead>().size(), 1U);
    const auto samples = field.events<engine::SampleTaken>();
    ASSERT_EQ(samples.size(), 2U);
    EXPECT_EQ(samples[0].power_dw, 2'150);
    ASSERT_TRUE(samples[1].clock_ahead_s);
    EXPECT_EQ(*samples[1].clock_ahead_s, 0);
}

TEST(Links, TheWildcardIsRepeatedAndGivenUp) {
    Field field;
    field.add_meter(address_a, MeterId{7}).mute = {0x13, 0x13};
    field.dial("plain", {address_a});
    const LinkId nobody = field.dial("plain", {});
    field.run(Duration::seconds(40));
    EXPECT_GE(field.events<engine::ReadingTaken>().size(), 1U);
    EXPECT_EQ(field.closed[nobody.value], "link.unidentified");
    EXPECT_EQ(field.board->counters().links_unidentified, 1U);
}

TEST(Links, AnUnknownDeviceIsListedAndClosedUnlessItIsConfigured) {
    Field field;
    const LinkId stays = field.dial("imei", {}, imei_a + "\r\n");
    const LinkId goes = field.dial("imei", {}, "866999999999999\r\n");
    field.run(Duration::seconds(20));
    ASSERT_EQ(field.board->unknown_devices().size(), 2U);
    EXPECT_EQ(field.board->unknown_devices()[1].id, imei_a);
    field.add_meter(address_a, MeterId{7}, "imei", imei_a);
    field.run(Duration::seconds(20));
    EXPECT_EQ(field.closed.count(stays.value), 0U);
    EXPECT_EQ(field.closed[goes.value], "link.unknown_device");
    EXPECT_EQ(field.board->session(stays)->state(), LinkState::bound);
}

TEST(Links, MissedHeartbeatsEndALinkAndAnyByteKeepsIt) {
    Field field;
    field.add_meter(address_a, MeterId{7}, "imei", imei_a);
    const LinkId link = field.dial("imei", {address_a}, imei_a + "\r\n");
    for (int minute = 0; minute < 10; ++minute) {
        field.run(Duration::seconds(60));
        field.feed(link, Bytes{0x00});
    }
    EXPECT_EQ(field.board->links(), 1U);
    EXPECT_EQ(field.board->counters().links.heartbeats, 10U);
    field.meter(address_a).dead = true;
    field.run(Duration::seconds(200));
    EXPECT_EQ(field.board->links(), 1U);
    field.run(Duration::seconds(20));
    EXPECT_EQ(field.closed[link.value], "link.dead");
    EXPECT_FALSE(field.events<engine::ContactChanged>().back().online);
}

TEST(Links, ASecondLinkOfADeviceReplacesTheFirst) {
    Field field;
    field.add_meter(address_a, MeterId{7}, "imei", imei_a);
    const LinkId first = field.dial("imei", {address_a}, imei_a + "\r\n");
    field.run(Duration::seconds(5));
    const LinkId second = field.dial("imei", {address_a}, imei_a + "\r\n");
    field.run(Duration::seconds(5));
    EXPECT_EQ(field.closed[first.value], "link.replaced");
    EXPECT_EQ(field.board->session(second)->state(), LinkState::bound);
    for (const auto& contact : field.events<engine::ContactChanged>()) EXPECT_TRUE(contact.online);
    // Two devices with one identity: at some point the newer is sent away.
    for (int i = 0; i < 20; ++i) field.dial("imei", {}, imei_a + "\r\n");
    EXPECT_EQ(field.board->links(), 1U);
    EXPECT_GE(field.board->counters().links_refused, 5U);
}

TEST(Links, NoMoreUnidentifiedLinksThanAllowed) {
    HeadendSettings settings;
    settings.unidentified_max = 10;
    settings.links_max = 12;
    Field field(settings);
    for (int i = 0; i < 3; ++i) {
        field.add_meter("00000000000" + std::to_string(i), MeterId{i + 1}, "imei",
                        "86612304567890" + std::to_string(i));
        field.dial("imei", {}, "86612304567890" + std::to_string(i) + "\r\n");
    }
    for (int i = 0; i < 50; ++i) field.dial("imei", {});
    EXPECT_EQ(field.board->links(), 12U);
    EXPECT_EQ(field.board->counters().links_refused, 41U);
}

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
}

TEST(Faults, AForeignMetersAnswerIsNobodysReading) {
    Field field;
    field.add_meter(address_a, MeterId{7});
    field.distort = [&](const Bytes& answer) {
        ScriptedMeter other;
        other.address = "009999999999";
        other.registers = {999'900};
        const auto request = dlt645::Frame::make(*dlt645::Address::parse(other.address), 0x11,
                                                 dlt645::data_id::forward_energy_block.wire());
        return std::vector<Bytes>{*other.answer(request, field.now), answer};
    };
    field.dial("plain", {address_a});
    field.run(Duration::seconds(10));
    const auto readings = field.events<engine::ReadingTaken>();
    ASSERT_EQ(readings.size(), 1U);
    EXPECT_EQ(readings[0].registers.total().units, 123'400);
    EXPECT_GE(field.board->counters().links.foreign, 1U);
}

TEST(Faults, ALostAnswerCostsOneMoreQuestionAndNoReading) {
    Field field;
    field.add_meter(address_a, MeterId{7}).mute = {0x11};
    field.dial("plain", {address_a});
    field.run(Duration::seconds(20));
    // Lost, asked again, the answer could have been the lost one's: asked once more.
    EXPECT_EQ(field.events<engine::ReadingTaken>().size(), 1U);
    EXPECT_EQ(field.board->counters().links.ambiguous, 1U);
    EXPECT_EQ(field.board->counters().links.timeouts, 1U);
}

TEST(Faults, ALateAnswerIsOneReadingAtTheTimeItArrived) {
    HeadendSettings settings;
    Field field(settings);
    auto& meter = field.add_meter(address_a, MeterId{7});
    field.dial("plain", {address_a});
    field.run(Duration::seconds(30));
    field.all.clear();
    // From the second round on the meter needs longer than anybody waits.
    meter.latency = Duration::seconds(8);
    field.run(Duration::minutes(30));
    EXPECT_GE(field.board->counters().links.late, 1U);
    Instant last;
    for (const auto& reading : field.events<engine::ReadingTaken>()) {
        EXPECT_GT(reading.at, last);
        last = reading.at;
    }
}

TEST(Faults, AFloodingLinkIsClosedAndKeptOutAndOthersDoNotNotice) {
    Field field;
    const std::string address_b = "002611150043";
    field.add_meter(address_a, MeterId{7}, "imei", imei_a);
    field.add_meter(address_b, MeterId{8}, "imei", "866123045678902");
    const LinkId bad = field.dial("imei", {address_a}, imei_a + "\r\n");
    const LinkId good = field.dial("imei", {address_b}, "866123045678902\r\n");
    const Bytes junk(4'000, 0x68);
    for (int i = 0; i < 200; ++i) {
        field.run(Duration::milliseconds(100));
        field.feed(bad, junk);
    }
    EXPECT_EQ(field.closed[bad.value], "link.flooding");
    EXPECT_GT(field.board->counters().links.throttled_bytes, 100'000U);
    EXPECT_EQ(field.board->session(good)->counters().timeouts, 0U);
    const LinkId again = field.dial("imei", {address_a}, imei_a + "\r\n");
    EXPECT_EQ(field.closed[again.value], "link.penalty");
    field.run(Duration::seconds(15));
    const LinkId later = field.dial("imei", {address_a}, imei_a + "\r\n");
    EXPECT_EQ(field.board->session(later)->state(), LinkState::bound);
}

TEST(Faults, AFloodOfGoodFramesIsAFloodToo) {
    Field field;
    field.add_meter(address_a, MeterId{7}, "imei", imei_a);
    const LinkId bad = field.dial("imei", {}, imei_a + "\r\n");
    const Bytes frame = *parse_hex("68 42 00 15 11 26 00 68 9C 00 FA 16");
    for (int i = 0; i < 200 && field.closed.empty(); ++i) {
        field.run(Duration::milliseconds(100));
        for (int k = 0; k < 15; ++k) {
            if (field.closed.empty()) field.feed(bad, frame);
        }
    }
    EXPECT_EQ(field.closed[bad.value], "link.flooding");
}

TEST(Faults, WhenTheEngineIsBehindSamplesGoFirstAndReadingsLast) {
    HeadendSettings settings;
    settings.events_max = 40;
    Field field(settings);
    std::vector<std::string> line;
    for (int i = 0; i < 60; ++i) {
        line.push_back(fmt::format("{:012d}", i + 1));
        field.add_meter(line.back(), MeterId{i + 1}, "gateway", "GW1");
    }
    const LinkId link = field.dial("gateway", line, "GW1\r\n");
    field.sink_open = false;
    for (int i = 0; i < 60; ++i) {
        field.run(Duration::seconds(60));
        field.feed(link, as_bytes("HB"));
    }
    const auto counters = field.board->counters();
    EXPECT_GT(counters.samples_dropped, 0U);
    EXPECT_EQ(counters.readings_dropped, 0U);  // polling stops before a reading has to go
    EXPECT_GT(counters.polls_skipped, 0U);
    EXPECT_LE(field.board->events_waiting(), 40U);
    field.sink_open = true;
    field.run(Duration::seconds(1));
    EXPECT_EQ(field.board->events_waiting(), 0U);
    EXPECT_EQ(field.events<engine::ReadingTaken>().size(), field.board->counters().readings);
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

TEST(Configuration, MetersComeGoAndChangeAtRunTime) {
    Field field;
    field.add_meter(address_a, MeterId{7}, "gateway", "GW1");
    const LinkId link = field.dial("gateway", {address_a}, "GW1\r\n");
    field.run(Duration::seconds(5));
    const std::string address_b = "002611150043";
    field.add_meter(address_b, MeterId{8}, "gateway", "GW1");
    EXPECT_EQ(field.board->session(link)->units().size(), 2U);
    field.board->configure(ProjectId{1}, {}, field.now);
    EXPECT_EQ(field.board->session(link)->state(), LinkState::unknown);
    field.submit(field.task(5, engine::CommandKind::close, MeterId{7}));
    EXPECT_EQ(field.story(5), "refused:headend.unknown_meter");
    field.configure();
    field.run(Duration::seconds(5));
    EXPECT_EQ(field.board->session(link)->units().size(), 2U);
    EXPECT_TRUE(field.events<engine::ContactChanged>().back().online);
}

TEST(Configuration, WhatCannotBeReachedIsNamed) {
    Field field;
    engine::Meter meter;
    meter.link.address = "12";
    ProjectMeters meters;
    for (const char* address : {"002611150042", "002611150042", "12", "AAAAAAAAAAAA"}) {
        meter.id = MeterId{meter.id.value + 1};
        meter.link.address = address;
        meters.meters.push_back(meter);
    }
    meter.id = MeterId{9};
    meter.link.profile = "imei";
    meter.link.address = "000000000009";
    meters.meters.push_back(meter);
    meter.id = MeterId{10};
    meter.link.profile = "radio";
    meters.meters.push_back(meter);
    field.board->configure(ProjectId{1}, meters, field.now);
    std::map<std::int64_t, std::string> codes;
    for (const auto& problem : field.board->problems())
        codes[problem.key.meter.value] = problem.error.code;
    const std::map<std::int64_t, std::string> expected{{2, "meter.duplicate_address"},
                                                       {3, "meter.address"},
                                                       {4, "meter.address"},
                                                       {9, "meter.no_link_id"},
                                                       {10, "meter.no_such_profile"}};
    EXPECT_EQ(codes, expected);
}

// ---- properties ------------------------------------------------------------------------------

std::vector<std::int64_t> totals(const Field& field) {
    std::vector<std::int64_t> out;
    for (const auto& reading : field.events<engine::ReadingTaken>()) {
        out.push_back(reading.registers.total().units);
    }
    return out;
}

RC_GTEST_PROP(Properties, SegmentsGarbageAndDuplicatesChangeNoReading, ()) {
    Field field;
    auto& meter = field.add_meter(address_a, MeterId{7}, "imei", imei_a);
    field.distort = [&](const Bytes& answer) {
        Bytes stream;
        const auto garbage = *rc::gen::container<Bytes>(rc::gen::arbitrary<std::uint8_t>());
        for (const std::uint8_t byte : garbage) {
            // 68 could begin a frame that swallows the answer; the inter-byte time-out sees to that
            // elsewhere.
            if (byte != 0x68) stream.push_back(byte);
        }
        const int copies = *rc::gen::inRange(1, 4);
        for (int i = 0; i < copies; ++i) stream.insert(stream.end(), answer.begin(), answer.end());
        std::vector<Bytes> segments;
        for (std::size_t at = 0; at < stream.size();) {
            const auto size =
                std::min<std::size_t>(*rc::gen::inRange<std::size_t>(1, 20), stream.size() - at);
            segments.emplace_back(stream.begin() + static_cast<std::ptrdiff_t>(at),
                                  stream.begin() + static_cast<std::ptrdiff_t>(at + size));
            at += size;
        }
        return segments;
    };
    const LinkId link = field.dial("imei", {address_a});
    for (const char c : imei_a + "\r\n") field.feed(link, as_bytes(std::string_view(&c, 1)));
    for (int quarter = 0; quarter < 4; ++quarter) {
        for (int i = 0; i < 15; ++i) {
            field.run(Duration::minutes(1));
            field.feed(link, Bytes{0});
        }
        meter.registers[0] += 1'000;
    }
    const auto seen = totals(field);
    RC_ASSERT(seen.size() == 4U || seen.size() == 5U);
    RC_ASSERT(std::ranges::is_sorted(seen));
    RC_ASSERT(seen.front() == 123'400 && seen.back() >= 126'400);
    RC_ASSERT(field.board->counters().links.timeouts == 0U);
}

RC_GTEST_PROP(Properties, AnyBytesAtAnyMomentDoNoHarm, ()) {
    Field field;
    field.add_meter(address_a, MeterId{7}, "imei", imei_a);
    const LinkId link = field.dial("imei", {address_a}, imei_a + "\r\n");
    for (int i = 0; i < 20; ++i) {
        field.feed(link, *rc::gen::container<Bytes>(rc::gen::arbitrary<std::uint8_t>()));
        field.run(Duration::seconds(*rc::gen::inRange(0, 40)));
    }
    field.run(Duration::minutes(20));
    for (const std::int64_t total : totals(field)) RC_ASSERT(total == 123'400);
}

}  // namespace
}  // namespace mb::headend
