#include "rules/billing/demand.hpp"

#include "rules/billing/test_tariffs.hpp"

#include <gtest/gtest.h>

namespace mb::rules::billing {
namespace {

using namespace test;

tariff::DemandCharge windows_of(std::int32_t minutes, std::int32_t slide = 0) {
    tariff::DemandCharge out;
    out.window_minutes = minutes;
    out.slide_minutes = slide;
    return out;
}

Interval part(std::string_view from, int minutes, std::string_view total) {
    Interval out;
    out.from = at(from);
    out.to = out.from + Duration::minutes(minutes);
    out.total = kwh(total);
    return out;
}

/// kW of May 2026, "-" when it cannot be told.
std::string demand(const std::vector<Interval>& intervals, const tariff::DemandCharge& rule,
                   std::string_view from = "2026-05-01", std::string_view to = "2026-06-01",
                   const Zone& zone = shanghai()) {
    const auto out = measured_demand(intervals, rule, zone, day(from), day(to));
    return out ? out->text() : "-";
}

TEST(Demand, TheLargestMeanPowerOfTheWindows) {
    const std::vector<Interval> day = {
        part("2026-05-04T10:00:00+08:00", 15, "5"), part("2026-05-04T10:15:00+08:00", 15, "20"),
        part("2026-05-04T10:30:00+08:00", 15, "15"), part("2026-05-04T10:45:00+08:00", 15, "1")};
    EXPECT_EQ(demand(day, windows_of(15)), "80.0000");
    EXPECT_EQ(demand(day, windows_of(30)), "50.0000");  // 10:00 to 10:30
    EXPECT_EQ(demand(day, windows_of(60)), "41.0000");
    EXPECT_EQ(demand(day, windows_of(30, 15)), "70.0000");  // 10:15 to 10:45
    EXPECT_EQ(demand(day, windows_of(60, 15)), "41.0000");
    EXPECT_EQ(demand({}, windows_of(15)), "0.0000");
}

TEST(Demand, WhatNoIntervalCoversCountsAsNothing) {
    EXPECT_EQ(demand({part("2026-05-04T10:05:00+08:00", 5, "2")}, windows_of(15)), "8.0000");
    EXPECT_EQ(demand({part("2026-05-04T10:00:00+08:00", 5, "2"),
                      part("2026-05-04T10:10:00+08:00", 5, "3")},
                     windows_of(15)),
              "20.0000");
}

TEST(Demand, AnIntervalAcrossTheGridCannotBeTold) {
    EXPECT_EQ(demand({part("2026-05-04T10:10:00+08:00", 10, "2")}, windows_of(15)), "-");
    EXPECT_EQ(demand({part("2026-05-04T10:10:00+08:00", 10, "2")}, windows_of(30)), "4.0000");
    EXPECT_EQ(demand({part("2026-05-04T10:10:00+08:00", 10, "2")}, windows_of(30, 15)), "-")
        << "the grid of sliding windows is their step";
    EXPECT_EQ(demand({part("2026-05-04T23:50:00+08:00", 20, "2")}, windows_of(15)), "-");
    EXPECT_EQ(demand({part("2026-06-04T10:10:00+08:00", 10, "2")}, windows_of(15)), "0.0000")
        << "of another month";
}

TEST(Demand, AWindowCountsInTheMonthInWhichItLiesWhole) {
    const std::vector<Interval> turn = {
        part("2026-04-30T23:45:00+08:00", 15, "10"), part("2026-05-01T00:00:00+08:00", 15, "10"),
        part("2026-05-31T23:45:00+08:00", 15, "8"), part("2026-06-01T00:00:00+08:00", 15, "50")};
    EXPECT_EQ(demand(turn, windows_of(30, 15)), "20.0000");
    EXPECT_EQ(demand(turn, windows_of(15)), "40.0000");
    EXPECT_EQ(demand(turn, windows_of(15), "2026-06-01", "2026-07-01"), "200.0000");
    EXPECT_EQ(demand(turn, windows_of(30, 15), "2026-05-31", "2026-06-02"), "116.0000")
        << "inside the time of service it may lie across midnight";
}

TEST(Demand, TheGridBeginsAtLocalMidnight) {
    const Zone kathmandu = Zone::find("Asia/Kathmandu").value();  // +05:45
    const std::vector<Interval> hour = {part("2026-05-04T10:00:00+05:45", 60, "7")};
    EXPECT_EQ(demand(hour, windows_of(60), "2026-05-01", "2026-06-01", kathmandu), "7.0000");
    EXPECT_EQ(demand(hour, windows_of(60)), "-");
}

/// Against a plain reading of the rule: every window, minute by minute.
TEST(Demand, SlidingWindowsAgreeWithThePlainRule) {
    std::vector<std::int64_t> minutes(1440);
    std::vector<Interval> intervals;
    for (int step = 0; step < 288; ++step) {
        if (step % 7 == 3) {
            continue;  // a hole
        }
        const std::int64_t units = step * 7919 % 4001 * 5;
        Interval interval;
        interval.from = at("2026-05-04T00:00:00+08:00") + Duration::minutes(5 * step);
        interval.to = interval.from + Duration::minutes(5);
        interval.total = {units};
        intervals.push_back(interval);
        for (int i = 0; i < 5; ++i) {
            minutes[static_cast<std::size_t>(5 * step + i)] = units / 5;
        }
    }
    for (const int window : {5, 10, 15, 20, 30, 60}) {
        for (const int slide : {0, 5, 10, 15, 20, 30}) {
            if (slide > window || (slide > 0 && window % slide != 0)) {
                continue;
            }
            const int step = slide == 0 ? window : slide;
            std::int64_t most = 0;
            for (int start = 0; start + window <= 1440; start += step) {
                std::int64_t sum = 0;
                for (int i = start; i < start + window; ++i) {
                    sum += minutes[static_cast<std::size_t>(i)];
                }
                most = std::max(most, sum);
            }
            EXPECT_EQ(demand(intervals, windows_of(window, slide), "2026-05-04", "2026-05-05"),
                      Quantity{most * (60 / window)}.text())
                << window << " " << slide;
        }
    }
}

}  // namespace
}  // namespace mb::rules::billing
