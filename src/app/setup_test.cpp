#include "app/business_clock.hpp"
#include "app/calendar.hpp"
#include "app/configuration.hpp"
#include "app/demo_campus.hpp"
#include "engine/engine.hpp"
#include "engine/state.hpp"

#include <gtest/gtest.h>

namespace mb::app {
namespace {

Instant at(const char* text) { return parse_rfc3339(text).value(); }

TEST(Calendar, KnowsHolidaysAndMakeUpDays) {
    const auto& calendar = china_calendar();
    EXPECT_FALSE(calendar.is_working_day(CivilDate::from_ymd(2026, 1, 1)));
    EXPECT_TRUE(calendar.is_working_day(CivilDate::from_ymd(2026, 11, 23)));
    EXPECT_FALSE(calendar.is_working_day(CivilDate::from_ymd(2026, 11, 22)));
    EXPECT_GT(calendar.days.size(), 120U);
    for (const rules::SpecialDay& day : calendar.days) {
        EXPECT_EQ(calendar.is_working_day(day.date), day.worked) << day.date.text();
    }
    EXPECT_EQ(parse_calendar("date,kind\n2026-13-01,holiday,x\n").error().text(),
              "calendar.malformed line=2");
}

TEST(DemoClock, StartsOnAWorkingDayAtHalfPastNine) {
    const Zone zone = Zone::find("Asia/Shanghai").value();
    EXPECT_EQ(zone.text(demo_start(at("2026-11-22T10:00:00Z"), zone)), "2026-11-20T09:30:00+08:00")
        << "a Sunday: the Friday before";
    EXPECT_EQ(zone.text(demo_start(at("2026-10-05T10:00:00Z"), zone)), "2026-09-30T09:30:00+08:00")
        << "National Day";
}

TEST(BusinessClock, ComputesFromWallTime) {
    const Instant wall = wall_now();
    const BusinessClock clock(at("2026-11-20T09:30:00+08:00"), wall, 60);
    const engine::Now now = clock.now();
    EXPECT_EQ((now.business - at("2026-11-20T09:30:00+08:00")).us, (now.wall - wall).us * 60);
    EXPECT_EQ(BusinessClock().now().speed, 1);
}

TEST(Configuration, RefusesUnknownKeysWithASuggestion) {
    ServerOptions options;
    EXPECT_TRUE(apply_configuration("[http]\nport = 9000\n", options));
    EXPECT_EQ(options.http_port, 9000);
    EXPECT_EQ(apply_configuration("[http]\nprot = 9000\n", options).error().text(),
              "config.unknown_key key=http.prot did_you_mean=http.port");
    EXPECT_EQ(apply_configuration("[http]\nport = 70000\n", options).error().code,
              "config.out_of_range");
    EXPECT_EQ(apply_configuration("[http]\nport = \"x\"\n", options).error().code,
              "config.wrong_type");
    EXPECT_EQ(apply_configuration("[http\n", options).error().code, "config.malformed");
    EXPECT_EQ(apply_configuration("[http]\naddress = \"0.0.0.0\"\n", options).error().code,
              "config.plain_http");
}

TEST(DemoCampus, TheEngineTakesEveryEventAndTheFleetEveryMeter) {
    for (const std::int32_t meters : {3, 40, 200, 1000}) {
        DemoOptions options;
        options.meters = meters;
        options.start = at("2026-11-20T09:30:00+08:00");
        DemoCampus demo = make_demo_campus(options);
        engine::Engine engine(demo.project);
        engine::Effects out;
        engine.apply(demo.events, {options.start, options.start, 60}, out);
        for (const engine::EventOutcome& outcome : out.outcomes) {
            ASSERT_FALSE(outcome.refused) << outcome.error.text();
        }
        EXPECT_EQ(engine.state().meters.count(), static_cast<std::size_t>(meters));
        demo.campus.head_end = "127.0.0.1:7645";
        demo.campus.clock = {options.start.us, options.start.us, 60};
        const auto checked = sim::fleet::check_campus(demo.campus);
        EXPECT_TRUE(checked) << checked.error().text();
    }
}

}  // namespace
}  // namespace mb::app
