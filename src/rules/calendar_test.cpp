#include "rules/calendar.hpp"

#include "rules/test_calendar.hpp"

#include <gtest/gtest.h>

namespace mb::rules {
namespace {

using test::calendar_of_2026;

CivilDate on(std::string_view text) { return CivilDate::parse(text).value(); }

TEST(Calendar, FindsSpecialDaysOnly) {
    const Calendar calendar = calendar_of_2026();
    EXPECT_EQ(calendar.find(on("2025-12-31")), nullptr);
    ASSERT_NE(calendar.find(on("2026-01-01")), nullptr);
    EXPECT_EQ(calendar.find(on("2026-01-01"))->holiday, Holiday::new_year);
    EXPECT_FALSE(calendar.find(on("2026-01-01"))->worked);
    EXPECT_TRUE(calendar.find(on("2026-01-04"))->worked);
    EXPECT_EQ(calendar.find(on("2026-01-02")), nullptr);
    EXPECT_EQ(calendar.find(on("2026-10-07"))->holiday, Holiday::national_day);
    EXPECT_EQ(calendar.find(on("2026-10-08")), nullptr);
    EXPECT_EQ(calendar.find(on("2026-10-11")), nullptr);
}

TEST(Calendar, AYearWithoutSpecialDaysIsNotKnown) {
    const Calendar calendar = calendar_of_2026();
    EXPECT_FALSE(calendar.has_year(2025));
    EXPECT_TRUE(calendar.has_year(2026));
    EXPECT_FALSE(calendar.has_year(2027));
    EXPECT_FALSE(Calendar().has_year(2026));
    Calendar edges;
    edges.days = {{on("2025-12-31"), false, Holiday::new_year},
                  {on("2027-01-01"), false, Holiday::new_year}};
    EXPECT_TRUE(edges.has_year(2025));
    EXPECT_FALSE(edges.has_year(2026));
    EXPECT_TRUE(edges.has_year(2027));
}

TEST(Calendar, WorkingDays) {
    const Calendar calendar = calendar_of_2026();
    EXPECT_FALSE(calendar.is_working_day(on("2026-01-01")));   // a Thursday off
    EXPECT_TRUE(calendar.is_working_day(on("2026-01-02")));    // an ordinary Friday
    EXPECT_FALSE(calendar.is_working_day(on("2026-01-03")));   // an ordinary Saturday
    EXPECT_TRUE(calendar.is_working_day(on("2026-01-04")));    // a Sunday made up
    EXPECT_FALSE(calendar.is_working_day(on("2026-10-11")));   // an ordinary Sunday
    EXPECT_TRUE(Calendar().is_working_day(on("2026-01-01")));  // without a calendar the weekday
}

}  // namespace
}  // namespace mb::rules
