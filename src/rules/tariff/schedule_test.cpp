#include "rules/tariff/schedule.hpp"

#include "rules/tariff/test_document.hpp"
#include "rules/test_calendar.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

namespace mb::rules::tariff {
namespace {

using namespace test;
using rules::test::calendar_of_2026;

/// A table whose whole days are one band, of some kinds of day ("" for all).
std::string whole_day(std::string_view band, std::string_view days = "") {
    return (days.empty() ? "{" : R"({"days": [)" + std::string(days) + "], ") +
           R"("periods": [{"from": "00:00", "to": "24:00", "band": ")" + std::string(band) +
           "\"}]}";
}

std::string dates(std::string_view from, std::string_view to) {
    return R"({"from": ")" + std::string(from) + R"(", "to": ")" + std::string(to) + "\"}";
}

std::string season(std::string_view dates, std::string_view tables) {
    return R"({"name": "s", "dates": [)" + std::string(dates) + R"(], "tables": [)" +
           std::string(tables) + "]}";
}

Result<Schedule> schedule_of(std::string_view members, const Calendar& calendar = {}) {
    return Schedule::compile(document(members), &calendar);
}

std::string band_on(const Schedule& schedule, std::string_view date, int minute = 0,
                    const Calendar& calendar = {}) {
    const auto period = schedule.period_at(calendar, on(date), minute);
    return period ? std::string(enum_text(period->band)) : period.error().text();
}

/// "peak 480-660"
std::string period_on(const Schedule& schedule, std::string_view date, int minute,
                      const Calendar& calendar = {}) {
    const CompiledPeriod period = schedule.period_at(calendar, on(date), minute).value();
    return std::string(enum_text(period.band)) + " " + std::to_string(period.from) + "-" +
           std::to_string(period.to);
}

// ---- seasons ---------------------------------------------------------------------------------

TEST(Schedule, ASeasonWrapsTheTurnOfTheYearAndKeepsTheLeapDay) {
    const Schedule schedule =
        schedule_of(R"("seasons": [)" + season(dates("11-01", "02-29"), whole_day("sharp")) + "," +
                    season(dates("03-01", "10-31"), whole_day("flat")) + "]")
            .value();
    for (const char* winter : {"2026-11-01", "2026-12-31", "2027-01-01", "2027-02-28", "2028-02-28",
                               "2028-02-29", "2028-12-31"}) {
        EXPECT_EQ(band_on(schedule, winter), "sharp") << winter;
    }
    for (const char* summer : {"2027-03-01", "2028-03-01", "2026-10-31", "2028-10-31"}) {
        EXPECT_EQ(band_on(schedule, summer), "flat") << summer;
    }
    EXPECT_EQ(schedule.bands(), (std::array{true, false, true, false, false}));
}

TEST(Schedule, ALeapDayCountsWhetherTheYearHasOneOrNot) {
    const auto split = [](const char* end) {
        return R"("seasons": [)" + season(dates("03-01", end), whole_day("sharp")) + "]";
    };
    EXPECT_EQ(why(schedule_of(split("02-28"))), "tariff.hole pointer=/seasons day=02-29");
    EXPECT_TRUE(schedule_of(split("02-29")));
    EXPECT_EQ(why(schedule_of(split("03-01"))), "tariff.hole pointer=/seasons day=01-01");
}

TEST(Schedule, SeasonsNameEachDayOnce) {
    const std::string table = whole_day("flat");
    const auto two = [&](const std::string& first, const std::string& second) {
        return why(schedule_of(R"("seasons": [)" + season(first, table) + "," +
                               season(second, table) + "]"));
    };
    EXPECT_EQ(two(dates("01-01", "06-30"), dates("07-01", "12-31")), "");
    EXPECT_EQ(two(dates("01-01", "06-30"), dates("06-30", "12-31")),
              "tariff.overlap pointer=/seasons/1/dates/0");
    EXPECT_EQ(two(dates("01-01", "06-30"), dates("07-02", "12-31")),
              "tariff.hole pointer=/seasons day=07-01");
    EXPECT_EQ(two(dates("01-01", "06-30"), dates("02-30", "12-31")),
              "tariff.malformed_date text=02-30 pointer=/seasons/1/dates/0/from");
    EXPECT_EQ(two(dates("01-01", "06-30"), dates("07-01", "12-31") + "," + dates("01-01", "01-01")),
              "tariff.overlap pointer=/seasons/1/dates/1");
    EXPECT_EQ(two(dates("01-01", "06-30"), ""), "tariff.overlap pointer=/seasons/1");
    EXPECT_TRUE(schedule_of(R"("seasons": [{"tables": [)" + table + "]}]"));
    EXPECT_EQ(why(schedule_of(R"("seasons": [{"tables": [)" + table + R"(]}], "periods": [)" +
                              R"({"from": "00:00", "to": "24:00", "band": "flat"}])")),
              "tariff.conflicting pointer=/seasons with=periods");
}

/// As many as a year has days: the last ones must not be taken for the first.
TEST(Schedule, EveryDayMayBeASeasonOfItsOwn) {
    std::string seasons;
    const CivilDate first = on("2028-01-01");
    for (int day = 0; day < 366; ++day) {
        const std::string text = (first + day).text().substr(5);
        seasons += day == 0 ? "" : ",";
        seasons += season(dates(text, text), whole_day(day > 255 ? "sharp" : "flat"));
    }
    const Schedule schedule = schedule_of(R"("seasons": [)" + seasons + "]").value();
    for (int day = 0; day < 366; ++day) {
        EXPECT_EQ(band_on(schedule, (first + day).text()), day > 255 ? "sharp" : "flat") << day;
    }
}

// ---- kinds of day ----------------------------------------------------------------------------

TEST(Schedule, WithoutCalendarWordsOnlyTheWeekdayCounts) {
    const Schedule schedule =
        schedule_of(R"("seasons": [{"tables": [)" +
                    whole_day("peak", R"("mon", "tue", "wed", "thu", "fri")") + "," +
                    whole_day("valley", R"("weekend")") + "]}]")
            .value();
    const Calendar calendar = calendar_of_2026();
    EXPECT_EQ(band_on(schedule, "2026-10-01", 0, calendar), "peak");    // a holiday, a Thursday
    EXPECT_EQ(band_on(schedule, "2026-10-10", 0, calendar), "valley");  // made up, a Saturday
    EXPECT_EQ(band_on(schedule, "2031-05-05"), "peak") << "no year is needed";
}

TEST(Schedule, HolidayAndMakeupComeBeforeTheWeekday) {
    const Calendar calendar = calendar_of_2026();
    const Schedule nine =
        schedule_of(R"("seasons": [{"tables": [)" +
                        whole_day("flat", R"("mon", "tue", "wed", "thu", "fri")") + "," +
                        whole_day("valley", R"("sat", "sun")") + "," +
                        whole_day("deep_valley", R"("holiday")") + "," +
                        whole_day("sharp", R"("makeup")") + "]}]",
                    calendar)
            .value();
    EXPECT_EQ(band_on(nine, "2026-09-30", 0, calendar), "flat");
    EXPECT_EQ(band_on(nine, "2026-10-01", 0, calendar), "deep_valley");
    EXPECT_EQ(band_on(nine, "2026-10-03", 0, calendar), "deep_valley");  // a Saturday
    EXPECT_EQ(band_on(nine, "2026-10-08", 0, calendar), "flat");
    EXPECT_EQ(band_on(nine, "2026-10-10", 0, calendar), "sharp");
    EXPECT_EQ(band_on(nine, "2026-10-11", 0, calendar), "valley");

    const Schedule two =
        schedule_of(R"("seasons": [{"tables": [)" + whole_day("peak", R"("workday")") + "," +
                        whole_day("valley", R"("restday")") + "]}]",
                    calendar)
            .value();
    EXPECT_EQ(band_on(two, "2026-10-01", 0, calendar), "valley");
    EXPECT_EQ(band_on(two, "2026-10-10", 0, calendar), "peak");
    EXPECT_EQ(band_on(two, "2026-10-11", 0, calendar), "valley");
    EXPECT_EQ(band_on(two, "2026-10-12", 0, calendar), "peak");
}

TEST(Schedule, EachKindOfDayIsInExactlyOneTable) {
    const Calendar calendar = calendar_of_2026();
    const auto tables = [&](const std::string& list, const std::string& more = "") {
        return why(schedule_of(R"("seasons": [{"tables": [)" + list + "]}]" + more, calendar));
    };
    const std::string week = whole_day("flat", R"("mon", "tue", "wed", "thu", "fri")");
    const std::string weekend = "," + whole_day("valley", R"("weekend")");
    EXPECT_EQ(tables(week + weekend), "");
    EXPECT_EQ(tables(week), "tariff.hole pointer=/seasons/0/tables day=sat");
    EXPECT_EQ(tables(week + weekend + "," + whole_day("peak", R"("holiday")")),
              "tariff.hole pointer=/seasons/0/tables day=makeup");
    EXPECT_EQ(tables(week + weekend, R"(, "exceptions": [{"holidays": ["new_year"], "periods": [)"
                                     R"({"from": "09:00", "to": "15:00", "band": "flat"}]}])"),
              "tariff.hole pointer=/seasons/0/tables day=holiday")
        << "a word in an exception needs the calendar as well";
    EXPECT_EQ(tables(week + weekend + "," + whole_day("peak", R"("sun")")),
              "tariff.overlap pointer=/seasons/0/tables/2/days/0 text=sun");
    EXPECT_EQ(tables(week + "," + whole_day("peak", R"("sat", "weekend")")),
              "tariff.overlap pointer=/seasons/0/tables/1/days/1 text=weekend");
    EXPECT_EQ(tables(week + "," + whole_day("peak")), "tariff.overlap pointer=/seasons/0/tables/1");
    EXPECT_EQ(tables(whole_day("peak") + weekend),
              "tariff.overlap pointer=/seasons/0/tables/1/days/0 text=weekend");
    EXPECT_EQ(tables(whole_day("peak", R"("moon")")),
              "tariff.bad_day pointer=/seasons/0/tables/0/days/0 text=moon");
}

// ---- exceptions ------------------------------------------------------------------------------

constexpr std::string_view working_hours =
    R"("periods": [{"from": "00:00", "to": "08:00", "band": "valley"},
                   {"from": "08:00", "to": "18:00", "band": "peak"},
                   {"from": "18:00", "to": "24:00", "band": "flat"}])";

std::string with_exceptions(std::string_view list) {
    return std::string(working_hours) + R"(, "exceptions": [)" + std::string(list) + "]";
}

TEST(Schedule, AnExceptionReplacesOnlyItsMinutesAndNarrowsTheBounds) {
    const Schedule schedule = schedule_of(with_exceptions(
                                              R"({"on": ["2026-05-04"], "periods": [
                              {"from": "10:00", "to": "12:00", "band": "deep_valley"},
                              {"from": "17:00", "to": "19:30", "band": "sharp"}]})"))
                                  .value();
    EXPECT_EQ(period_on(schedule, "2026-05-04", 0), "valley 0-480");
    EXPECT_EQ(period_on(schedule, "2026-05-04", 480), "peak 480-600");
    EXPECT_EQ(period_on(schedule, "2026-05-04", 599), "peak 480-600");
    EXPECT_EQ(period_on(schedule, "2026-05-04", 600), "deep_valley 600-720");
    EXPECT_EQ(period_on(schedule, "2026-05-04", 719), "deep_valley 600-720");
    EXPECT_EQ(period_on(schedule, "2026-05-04", 720), "peak 720-1020");
    EXPECT_EQ(period_on(schedule, "2026-05-04", 1020), "sharp 1020-1170");
    EXPECT_EQ(period_on(schedule, "2026-05-04", 1170), "flat 1170-1440");
    EXPECT_EQ(period_on(schedule, "2026-05-05", 600), "peak 480-1080");
}

TEST(Schedule, TheLaterOfTwoExceptionsWins) {
    const Schedule schedule =
        schedule_of(with_exceptions(
                        R"({"dates": [{"from": "12-01", "to": "01-31"}], "periods": [
                              {"from": "09:00", "to": "15:00", "band": "sharp"}]},
                           {"days": ["weekend"], "periods": [
                              {"from": "11:00", "to": "13:00", "band": "deep_valley"}]})"))
            .value();
    // Saturday 5 December: both hold.
    EXPECT_EQ(period_on(schedule, "2026-12-05", 600), "sharp 540-660");
    EXPECT_EQ(period_on(schedule, "2026-12-05", 660), "deep_valley 660-780");
    EXPECT_EQ(period_on(schedule, "2026-12-05", 780), "sharp 780-900");
    EXPECT_EQ(period_on(schedule, "2026-12-05", 900), "peak 900-1080");
    // Friday: only the first. Saturday in June: only the second.
    EXPECT_EQ(period_on(schedule, "2026-12-04", 700), "sharp 540-900");
    EXPECT_EQ(period_on(schedule, "2026-06-06", 700), "deep_valley 660-780");
    EXPECT_EQ(period_on(schedule, "2026-06-06", 600), "peak 480-660");
}

TEST(Schedule, AnExceptionHoldsWhenAllItsConditionsDo) {
    const Calendar calendar = calendar_of_2026();
    const auto exception = [&](const std::string& conditions) {
        return schedule_of(with_exceptions("{" + conditions +
                                           R"(, "periods": [
                              {"from": "09:00", "to": "15:00", "band": "deep_valley"}]})"),
                           calendar)
            .value();
    };
    const auto band = [&](const Schedule& schedule, std::string_view date) {
        return band_on(schedule, date, 600, calendar);
    };
    const Schedule national = exception(R"("holidays": ["national_day"])");
    EXPECT_EQ(band(national, "2026-10-01"), "deep_valley");
    EXPECT_EQ(band(national, "2026-10-10"), "peak") << "a made-up day carries no name";
    EXPECT_EQ(band(national, "2026-01-01"), "peak") << "another holiday";
    const Schedule both =
        exception(R"("holidays": ["national_day"], "dates": [{"from": "10-03", "to": "10-31"}])");
    EXPECT_EQ(band(both, "2026-10-02"), "peak");
    EXPECT_EQ(band(both, "2026-10-03"), "deep_valley");
    EXPECT_EQ(band(both, "2026-10-08"), "peak");
    const Schedule days = exception(R"("days": ["makeup"], "on": ["2026-10-10", "2026-10-11"])");
    EXPECT_EQ(band(days, "2026-10-10"), "deep_valley");
    EXPECT_EQ(band(days, "2026-10-11"), "peak");
    EXPECT_EQ(band(days, "2026-01-04"), "peak");
}

TEST(Schedule, RefusesBadExceptions) {
    const auto refused = [](const std::string& exception) {
        return why(schedule_of(with_exceptions(exception), calendar_of_2026()));
    };
    const std::string nine_to_ten =
        R"("periods": [{"from": "09:00", "to": "10:00", "band": "sharp"}])";
    EXPECT_EQ(refused("{" + nine_to_ten + "}"), "tariff.no_condition pointer=/exceptions/0");
    EXPECT_EQ(refused(R"({"days": ["mon"], "periods": []})"),
              "tariff.hole pointer=/exceptions/0/periods");
    EXPECT_EQ(refused(R"({"days": ["mon", "workday"], )" + nine_to_ten + "}"),
              "tariff.overlap pointer=/exceptions/0/days/1 text=workday");
    EXPECT_EQ(refused(R"({"days": ["mon"], "periods": [
                          {"from": "09:00", "to": "10:00", "band": "sharp"},
                          {"from": "09:59", "to": "11:00", "band": "sharp"}]})"),
              "tariff.overlap pointer=/exceptions/0/periods/1/from");
    EXPECT_EQ(refused(R"({"days": ["mon"], "periods": [
                          {"from": "23:00", "to": "24:00", "band": "sharp"},
                          {"from": "01:00", "to": "02:00", "band": "sharp"}]})"),
              "tariff.not_last pointer=/exceptions/0/periods/0/to");
    EXPECT_EQ(refused(R"({"dates": [{"from": "13-01", "to": "01-01"}], )" + nine_to_ten + "}"),
              "tariff.malformed_date text=13-01 pointer=/exceptions/0/dates/0/from");
}

/// Whatever exceptions there are: the later one that names the minute wins, and the bounds given
/// never hold a minute of another band.
TEST(Schedule, BoundsNeverHoldAnotherBand) {
    const auto clock = [](int minute) {
        char text[16];
        std::snprintf(text, sizeof text, "%02d:%02d", minute / 60 % 100, minute % 60);
        return std::string(text);
    };
    std::mt19937 random(7);
    const auto in = [&](int from, int to) {
        return std::uniform_int_distribution<int>(from, to)(random);
    };
    for (int round = 0; round < 40; ++round) {
        TariffDocument made = document(working_hours);
        std::array<Band, minutes_per_day> expected{};
        for (int minute = 0; minute < minutes_per_day; ++minute) {
            expected[static_cast<std::size_t>(minute)] =
                minute < 480 ? Band::valley : (minute < 1080 ? Band::peak : Band::flat);
        }
        for (int i = in(1, 4); i > 0; --i) {
            ScheduleException exception;
            exception.days = {"mon"};
            int at = in(0, 600);
            while (at < minutes_per_day) {
                const int end = std::min(minutes_per_day, at + in(1, 400));
                const auto band = static_cast<Band>(in(0, 4));
                exception.periods.push_back({clock(at), clock(end), band});
                std::fill(expected.begin() + at, expected.begin() + end, band);
                at = end + in(0, 1) * in(0, 300);
            }
            made.exceptions.push_back(exception);
        }
        const Schedule schedule = Schedule::compile(made, nullptr).value();
        for (int minute = 0; minute < minutes_per_day; ++minute) {
            const CompiledPeriod period = schedule.period_at({}, on("2026-05-04"), minute).value();
            ASSERT_TRUE(period.from <= minute && minute < period.to);
            for (int i = period.from; i < period.to; ++i) {
                ASSERT_EQ(expected[static_cast<std::size_t>(i)], period.band) << i;
            }
        }
    }
}

// ---- the calendar's years --------------------------------------------------------------------

TEST(Schedule, AYearWithoutCalendarIsRefusedOrHeld) {
    const std::string members = R"("seasons": [{"tables": [)" + whole_day("peak", R"("workday")") +
                                "," + whole_day("valley", R"("restday")") + "]}]";
    const Calendar calendar = calendar_of_2026();
    EXPECT_EQ(why(Schedule::compile(document(members, "2027-01-01"), &calendar)),
              "tariff.no_calendar pointer=/effective_from year=2027");
    EXPECT_TRUE(Schedule::compile(document(members, "2027-01-01"), nullptr))
        << "what was published before is read back";
    const Schedule schedule = schedule_of(members, calendar).value();
    EXPECT_EQ(band_on(schedule, "2026-12-31", 0, calendar), "peak");
    EXPECT_EQ(band_on(schedule, "2027-01-01", 0, calendar), "tariff.no_calendar year=2027");
    EXPECT_EQ(band_on(schedule, "2025-12-31", 0, calendar), "tariff.no_calendar year=2025");
}

// ---- texts -----------------------------------------------------------------------------------

TEST(Schedule, ParsesMinutesOfTheDay) {
    EXPECT_EQ(parse_minutes("00:00").value(), 0);
    EXPECT_EQ(parse_minutes("23:59").value(), 1439);
    EXPECT_EQ(parse_minutes("24:00").value(), 1440);
    for (const char* wrong : {"", "24:01", "25:00", "12:60", "1:00", "01:0", "01-00", "0a:00",
                              " 1:00", "+1:00", "01:00 ", "001:00"}) {
        EXPECT_EQ(parse_minutes(wrong).error().code, "tariff.malformed_time") << wrong;
    }
}

TEST(Schedule, ParsesDaysOfTheYear) {
    EXPECT_EQ(parse_year_day("01-01").value(), 0U);
    EXPECT_EQ(parse_year_day("02-29").value(), 59U);
    EXPECT_EQ(parse_year_day("03-01").value(), 60U);
    EXPECT_EQ(parse_year_day("12-31").value(), 365U);
    for (const char* wrong : {"", "00-01", "13-01", "01-00", "01-32", "02-30", "04-31", "1-01",
                              "01/01", "2026-01-01"}) {
        EXPECT_EQ(parse_year_day(wrong).error().code, "tariff.malformed_date") << wrong;
    }
    EXPECT_EQ(year_day_of(on("2026-02-28")), 58U);
    EXPECT_EQ(year_day_of(on("2026-03-01")), 60U);
    EXPECT_EQ(year_day_of(on("2028-02-29")), 59U);
    EXPECT_EQ(year_day_of(on("2027-12-31")), 365U);
}

}  // namespace
}  // namespace mb::rules::tariff
