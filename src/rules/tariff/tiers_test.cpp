#include "rules/tariff/tiers.hpp"

#include "rules/tariff/test_document.hpp"

#include <gtest/gtest.h>

namespace mb::rules::tariff {
namespace {

using namespace test;

Result<TierRule> rule_of(std::string_view members) { return TierRule::compile(document(members)); }

std::string cycle_on(const TierRule& rule, std::string_view date) {
    const CycleSpan span = rule.cycle_at(on(date));
    return span.from.text() + " " + span.to.text();
}

/// The first limits on a day, "2760.0000 4800.0000".
std::string limits_on(const TierRule& rule, std::string_view date, const Terms& terms = {}) {
    const Limits limits = rule.limits_of(rule.cycle_at(on(date)), terms);
    std::string out;
    for (std::size_t i = 0; i + 1 < rule.count; ++i) {
        out += (i == 0 ? "" : " ") + limits[i].text();
    }
    EXPECT_EQ(limits[rule.count - 1U].units, INT64_MAX) << "the last tier has no limit";
    return out;
}

// ---- cycles ----------------------------------------------------------------------------------

TEST(Tiers, WithoutCycleThereIsOneTier) {
    const TierRule rule = rule_of(R"("prices": [])").value();
    EXPECT_EQ(rule.count, 1);
    EXPECT_EQ(rule.cycle_at(on("2026-05-04")), CycleSpan{});
    EXPECT_EQ(rule.limits_of({}, {})[0].units, INT64_MAX);
}

TEST(Tiers, MonthsBeginOnTheirDay) {
    const TierRule plain = rule_of(R"("tier_cycle": "month", "tier_limits": ["10"])").value();
    EXPECT_EQ(cycle_on(plain, "2026-02-01"), "2026-02-01 2026-03-01");
    EXPECT_EQ(cycle_on(plain, "2026-12-31"), "2026-12-01 2027-01-01");
    const TierRule later =
        rule_of(R"("tier_cycle": "month", "tier_start": "21", "tier_limits": ["10"])").value();
    EXPECT_EQ(cycle_on(later, "2026-03-20"), "2026-02-21 2026-03-21");
    EXPECT_EQ(cycle_on(later, "2026-03-21"), "2026-03-21 2026-04-21");
    EXPECT_EQ(cycle_on(later, "2027-01-20"), "2026-12-21 2027-01-21");
    EXPECT_EQ(cycle_on(later, "2026-12-21"), "2026-12-21 2027-01-21");
    const TierRule last =
        rule_of(R"("tier_cycle": "month", "tier_start": "28", "tier_limits": ["10"])").value();
    EXPECT_EQ(cycle_on(last, "2026-02-28"), "2026-02-28 2026-03-28");
    EXPECT_EQ(cycle_on(last, "2028-02-29"), "2028-02-28 2028-03-28");
}

TEST(Tiers, YearsBeginOnTheirDay) {
    const TierRule plain = rule_of(R"("tier_cycle": "year", "tier_limits": ["10"])").value();
    EXPECT_EQ(cycle_on(plain, "2026-12-31"), "2026-01-01 2027-01-01");
    EXPECT_EQ(cycle_on(plain, "2028-02-29"), "2028-01-01 2029-01-01");
    const TierRule december =
        rule_of(R"("tier_cycle": "year", "tier_start": "12-01", "tier_limits": ["10"])").value();
    EXPECT_EQ(cycle_on(december, "2026-11-30"), "2025-12-01 2026-12-01");
    EXPECT_EQ(cycle_on(december, "2026-12-01"), "2026-12-01 2027-12-01");
    EXPECT_EQ(cycle_on(december, "2027-01-01"), "2026-12-01 2027-12-01");
}

/// Cycles follow one another without hole, whatever the start.
TEST(Tiers, CyclesTileTime) {
    for (const char* start :
         {R"("year", "tier_start": "12-31")", R"("year", "tier_start": "02-28")",
          R"("year", "tier_start": "03-01")", R"("month", "tier_start": "28")",
          R"("month", "tier_start": "02")", R"("month")", R"("year")"}) {
        const TierRule rule =
            rule_of(R"("tier_limits": ["10"], "tier_cycle": )" + std::string(start)).value();
        CycleSpan last = rule.cycle_at(on("2026-01-01"));
        for (CivilDate date = on("2026-01-01"); date < on("2029-01-02"); date = date + 1) {
            const CycleSpan span = rule.cycle_at(date);
            ASSERT_TRUE(span.from <= date && date < span.to) << start << date.text();
            ASSERT_TRUE(span == last || span.from == last.to) << start << date.text();
            last = span;
        }
    }
}

TEST(Tiers, MonthsLaterEndOnTheLastDayWhereThereIsNoSuch) {
    EXPECT_EQ(add_months(on("2026-01-31"), 1, 31).text(), "2026-02-28");
    EXPECT_EQ(add_months(on("2028-01-31"), 1, 31).text(), "2028-02-29");
    EXPECT_EQ(add_months(on("2026-02-28"), 1, 31).text(), "2026-03-31");
    EXPECT_EQ(add_months(on("2026-12-15"), 1, 15).text(), "2027-01-15");
    EXPECT_EQ(add_months(on("2026-01-15"), -1, 15).text(), "2025-12-15");
    EXPECT_EQ(month_of(on("2028-02-29")).text(), "2028-02-01");
}

// ---- limits ----------------------------------------------------------------------------------

TEST(Tiers, LimitsByMonthGoByTheMonthInWhichTheCycleBegins) {
    const TierRule rule =
        rule_of(R"("tier_cycle": "month", "tier_start": "21", "tier_limits_by_month": [
            {"months": [5, 6, 7, 8, 9, 10], "limits": ["260", "600"]},
            {"months": [11, 12, 1, 2, 3, 4], "limits": ["200", "400"]}])")
            .value();
    EXPECT_EQ(rule.count, 3);
    EXPECT_EQ(limits_on(rule, "2026-05-20"), "200.0000 400.0000");
    EXPECT_EQ(limits_on(rule, "2026-05-21"), "260.0000 600.0000");
    EXPECT_EQ(limits_on(rule, "2026-11-20"), "260.0000 600.0000");
    EXPECT_EQ(limits_on(rule, "2026-11-21"), "200.0000 400.0000");
    EXPECT_EQ(limits_on(rule, "2027-01-01"), "200.0000 400.0000");
}

TEST(Tiers, AMonthsHouseholdIsThatOfItsFirstDay) {
    const TierRule rule = rule_of(R"("tier_cycle": "month", "tier_limits": ["200", "400"],
            "household": [{"people": 5, "add": ["100", "150"]},
                          {"people": 7, "add": ["200", "0"]}])")
                              .value();
    Terms terms;
    EXPECT_EQ(limits_on(rule, "2026-05-04", terms), "200.0000 400.0000") << "of unknown size";
    terms.households = {{on("2026-05-01"), 5}, {on("2026-06-02"), 7}, {on("2026-08-01"), 4}};
    EXPECT_EQ(limits_on(rule, "2026-04-30", terms), "200.0000 400.0000");
    EXPECT_EQ(limits_on(rule, "2026-05-31", terms), "300.0000 550.0000");
    EXPECT_EQ(limits_on(rule, "2026-06-30", terms), "300.0000 550.0000") << "grew on the second";
    EXPECT_EQ(limits_on(rule, "2026-07-01", terms), "400.0000 400.0000") << "the largest alone";
    EXPECT_EQ(limits_on(rule, "2026-08-01", terms), "200.0000 400.0000");
}

TEST(Tiers, AYearTakesATwelfthOfEachMonthsHousehold) {
    const TierRule rule = rule_of(R"("tier_cycle": "year", "tier_limits": ["1200"],
            "household": [{"people": 5, "add": ["120"]}])")
                              .value();
    Terms terms;
    terms.households = {{on("2026-04-01"), 5}};
    EXPECT_EQ(limits_on(rule, "2026-01-01", terms), "1290.0000") << "nine months";
    EXPECT_EQ(limits_on(rule, "2026-12-31", terms), "1290.0000") << "of the whole cycle";
    terms.households = {{on("2026-04-02"), 5}};
    EXPECT_EQ(limits_on(rule, "2026-12-31", terms), "1280.0000") << "eight months";
    EXPECT_EQ(limits_on(rule, "2027-01-01", terms), "1320.0000");
    terms.households = {{on("2025-01-01"), 5}, {on("2026-07-01"), 2}};
    EXPECT_EQ(limits_on(rule, "2026-07-01", terms), "1260.0000");
}

/// The months of a year that begins on the 31st begin on the last day where there is no 31st, and
/// on the 31st again behind it.
TEST(Tiers, MonthsOfAYearFromTheEndOfAMonth) {
    const TierRule rule = rule_of(R"("tier_cycle": "year", "tier_start": "12-31",
            "tier_limits": ["1200"], "household": [{"people": 5, "add": ["120"]}])")
                              .value();
    const auto limit_from = [&](const char* first) {
        Terms terms;
        terms.households = {{on(first), 5}};
        return limits_on(rule, "2026-06-01", terms);
    };
    EXPECT_EQ(limit_from("2025-12-31"), "1320.0000");
    EXPECT_EQ(limit_from("2026-01-01"), "1310.0000");
    EXPECT_EQ(limit_from("2026-02-28"), "1300.0000");
    EXPECT_EQ(limit_from("2026-03-01"), "1290.0000");
    EXPECT_EQ(limit_from("2026-03-31"), "1290.0000");
    EXPECT_EQ(limit_from("2026-04-01"), "1280.0000");
    EXPECT_EQ(limit_from("2026-04-30"), "1280.0000");
    EXPECT_EQ(limit_from("2026-05-01"), "1270.0000");
}

TEST(Tiers, OnlyMonthsInServiceCount) {
    const TierRule rule = rule_of(R"("tier_cycle": "year", "tier_start": "12-01",
            "tier_limits": ["1200", "2400"], "months_in_service": true)")
                              .value();
    Terms terms;
    EXPECT_EQ(limits_on(rule, "2026-06-01", terms), "1200.0000 2400.0000");
    terms.tiers_to = on("2026-02-01");
    EXPECT_EQ(limits_on(rule, "2026-06-01", terms), "1200.0000 2400.0000")
        << "the beginning is not told";
    terms.tiers_from = on("2026-03-31");
    terms.tiers_to = on("2026-05-01");
    EXPECT_EQ(limits_on(rule, "2026-04-01", terms), "200.0000 400.0000");
    terms.tiers_to = on("2026-05-02");
    EXPECT_EQ(limits_on(rule, "2026-04-01", terms), "300.0000 600.0000") << "a started month";
    terms.tiers_to.reset();
    EXPECT_EQ(limits_on(rule, "2026-04-01", terms), "900.0000 1800.0000");
    EXPECT_EQ(limits_on(rule, "2027-04-01", terms), "1200.0000 2400.0000");
    terms.tiers_from = on("2025-12-01");
    EXPECT_EQ(limits_on(rule, "2026-04-01", terms), "1200.0000 2400.0000");
}

TEST(Tiers, ATwelfthIsRoundedTiesUp) {
    const TierRule rule = rule_of(R"("tier_cycle": "year", "tier_limits": ["0.0001", "0.0003"],
            "months_in_service": true)")
                              .value();
    Terms terms;
    const auto limits = [&](const char* from) {
        terms.tiers_from = on(from);
        return limits_on(rule, "2026-06-01", terms);
    };
    EXPECT_EQ(limits("2026-07-01"), "0.0001 0.0002");  // 6 of 12: 0.5, 1.5
    EXPECT_EQ(limits("2026-08-01"), "0.0000 0.0001");  // 5 of 12: 0.42, 1.25
    EXPECT_EQ(limits("2026-11-01"), "0.0000 0.0001");  // 2 of 12: 0.17, 0.5
    EXPECT_EQ(limits("2026-12-01"), "0.0000 0.0000");
}

// ---- refusals --------------------------------------------------------------------------------

TEST(Tiers, RefusesWithCodeAndPlace) {
    const auto refused = [](std::string_view members) { return why(rule_of(members)); };
    EXPECT_EQ(refused(R"("tier_limits": ["10"])"),
              "tariff.limits_without_cycle pointer=/tier_limits");
    EXPECT_EQ(refused(R"("tier_limits_by_month": [{"months": [1], "limits": ["10"]}])"),
              "tariff.limits_without_cycle pointer=/tier_limits_by_month");
    EXPECT_EQ(refused(R"("tier_start": "01-01")"),
              "tariff.limits_without_cycle pointer=/tier_start");
    EXPECT_EQ(refused(R"("tier_cycle": "month", "months_in_service": true)"),
              "tariff.conflicting pointer=/months_in_service with=tier_cycle");
    EXPECT_EQ(refused(R"("tier_cycle": "year",
                         "tier_limits_by_month": [{"months": [1], "limits": ["10"]}])"),
              "tariff.conflicting pointer=/tier_limits_by_month with=tier_cycle");
    EXPECT_EQ(refused(R"("tier_cycle": "month", "tier_limits": ["10"],
                         "tier_limits_by_month": [{"months": [1], "limits": ["10"]}])"),
              "tariff.conflicting pointer=/tier_limits_by_month with=tier_limits");
    EXPECT_EQ(refused(R"("tier_cycle": "month", "tier_limits": ["1","2","3","4","5","6","7","8"])"),
              "tariff.too_many_tiers pointer=/tier_limits");
    EXPECT_TRUE(rule_of(R"("tier_cycle": "month", "tier_limits": ["1","2","3","4","5","6","7"])"));
    EXPECT_EQ(refused(R"("tier_cycle": "month", "tier_limits": ["0"])"),
              "tariff.bad_limit pointer=/tier_limits/0");
    EXPECT_EQ(refused(R"("tier_cycle": "month", "tier_limits": ["10", "10"])"),
              "tariff.bad_limit pointer=/tier_limits/1");
}

TEST(Tiers, RefusesBadStarts) {
    for (const char* start : {"0", "00", "29", "1", "001", "-1", "01-01", "ab"}) {
        EXPECT_EQ(rule_of(R"("tier_cycle": "month", "tier_limits": ["1"], "tier_start": ")" +
                          std::string(start) + "\"")
                      .error()
                      .code,
                  "tariff.malformed_date")
            << start;
    }
    for (const char* start : {"02-29", "02-30", "13-01", "1-1", "01", "2026-01-01"}) {
        EXPECT_EQ(rule_of(R"("tier_cycle": "year", "tier_limits": ["1"], "tier_start": ")" +
                          std::string(start) + "\"")
                      .error()
                      .code,
                  "tariff.malformed_date")
            << start;
    }
}

TEST(Tiers, RefusesLimitsByMonthThatDoNotCoverTheYearOnce) {
    const auto refused = [](const std::string& sets) {
        return why(rule_of(R"("tier_cycle": "month", "tier_limits_by_month": [)" + sets + "]"));
    };
    const std::string first = R"({"months": [1, 2, 3, 4, 5, 6], "limits": ["10", "20"]},)";
    EXPECT_EQ(refused(first + R"({"months": [7, 8, 9, 10, 11, 12], "limits": ["1", "2"]})"), "");
    EXPECT_EQ(refused(first + R"({"months": [8, 9, 10, 11, 12], "limits": ["1", "2"]})"),
              "tariff.hole pointer=/tier_limits_by_month month=7");
    EXPECT_EQ(refused(first + R"({"months": [7, 6], "limits": ["1", "2"]})"),
              "tariff.overlap pointer=/tier_limits_by_month/1/months/1");
    EXPECT_EQ(refused(first + R"({"months": [7, 13], "limits": ["1", "2"]})"),
              "tariff.malformed_date pointer=/tier_limits_by_month/1/months/1");
    EXPECT_EQ(refused(first + R"({"months": [7, 8], "limits": ["1"]})"),
              "tariff.bad_limit pointer=/tier_limits_by_month/1/limits");
    EXPECT_EQ(refused(first + R"({"months": [7, 8], "limits": ["2", "1"]})"),
              "tariff.bad_limit pointer=/tier_limits_by_month/1/limits/1");
}

TEST(Tiers, RefusesBadHouseholds) {
    const auto refused = [](const std::string& list) {
        return why(rule_of(R"("tier_cycle": "year", "tier_limits": ["10", "20"], "household": [)" +
                           list + "]"));
    };
    EXPECT_EQ(refused(R"({"people": 5, "add": ["1", "0"]}, {"people": 6, "add": ["2", "0"]})"), "");
    EXPECT_EQ(refused(R"({"people": 5, "add": ["1"]})"),
              "tariff.bad_household pointer=/household/0/add");
    EXPECT_EQ(refused(R"({"people": 5, "add": ["1", "-1"]})"),
              "tariff.bad_household pointer=/household/0/add");
    EXPECT_EQ(refused(R"({"people": 0, "add": ["1", "1"]})"),
              "tariff.bad_household pointer=/household/0");
    EXPECT_EQ(refused(R"({"people": 5, "add": ["1", "1"]}, {"people": 5, "add": ["1", "1"]})"),
              "tariff.bad_household pointer=/household/1");
}

}  // namespace
}  // namespace mb::rules::tariff
