// Who dials in, and which meters are behind it: a Switchboard over a scripted field.
#include "headend/session.hpp"

#include <gtest/gtest.h>

#include "headend/scripted_field_test.hpp"

namespace mb::headend {
namespace {

using testing::Field;

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
    settings.links_max = 14;
    Field field(settings);
    for (int i = 0; i < 3; ++i) {
        field.add_meter("00000000000" + std::to_string(i), MeterId{i + 1}, "imei",
                        "86612304567890" + std::to_string(i));
        field.dial("imei", {}, "86612304567890" + std::to_string(i) + "\r\n");
    }
    for (int i = 0; i < 50; ++i) field.dial("imei", {});
    EXPECT_EQ(field.board->links(), 13U);  // three that are known, ten that say nothing
    EXPECT_EQ(field.board->counters().links_refused, 40U);
    // Those that are known make room for others to say who they are, up to the bound of all links.
    for (int i = 0; i < 3; ++i)
        field.dial("imei", {}, "86612304567890" + std::to_string(i) + "\r\n");
    EXPECT_EQ(field.board->links(), 13U);
}

TEST(Links, WhoComesBackSoonIsNotReadAgain) {
    Field field;
    field.add_meter(address_a, MeterId{7}, "imei", imei_a);
    LinkId link = field.dial("imei", {address_a}, imei_a + "\r\n");
    field.run(Duration::minutes(4));
    const auto before = field.events<engine::ReadingTaken>().size();
    for (int i = 0; i < 5; ++i) {
        field.hang_up(link);
        link = field.dial("imei", {address_a}, imei_a + "\r\n");
        field.run(Duration::seconds(5));
    }
    EXPECT_EQ(field.events<engine::ReadingTaken>().size(), before);
}

TEST(Configuration, AMeterThatWasTakenDownIsNotAsked) {
    Field field;
    engine::Meter meter;
    meter.id = MeterId{7};
    meter.link.address = address_a;
    meter.to = field.now.business - Duration::days(1);
    field.board->configure(ProjectId{1}, {"Asia/Shanghai", {meter}}, field.now);
    field.submit(field.task(5, engine::CommandKind::read, MeterId{7}));
    EXPECT_EQ(field.story(5), "refused:headend.unknown_meter");
    field.board->configure(ProjectId{1}, {"Mars/Olympus", {meter}}, field.now);
    EXPECT_EQ(field.board->problems().at(0).error.code, "project.zone");
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

}  // namespace
}  // namespace mb::headend
