#include "rules/billing/usage.hpp"

#include "rules/billing/test_tariffs.hpp"
#include "rules/tariff/test_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace mb::rules::billing {
namespace {

using namespace test;
using tariff::test::why;
using testing::ElementsAre;
using Texts = std::vector<std::string>;

Usage usage_of(std::string_view json) { return from_json<Usage>(json).value(); }

/// "05-04T10:00 05-04T11:00 1.2500" an interval, with "divided" and "estimated" where it is.
Texts intervals_of(std::string_view json) {
    const Zone zone = shanghai();
    const auto used = used_intervals(usage_of(json), zone);
    if (!used) {
        return {used.error().text()};
    }
    Texts out;
    for (const UsedInterval& one : *used) {
        out.push_back(zone.text(one.interval.from).substr(5, 11) + " " +
                      zone.text(one.interval.to).substr(5, 11) + " " + one.interval.total.text() +
                      (one.divided ? " divided" : "") +
                      (one.estimated_reading ? " estimated" : ""));
    }
    return out;
}

/// Readings of one meter: "…T10:00" and a total each.
std::string readings(const std::vector<std::pair<const char*, const char*>>& list,
                     const std::string& more = "") {
    std::string out;
    for (const auto& [time, total] : list) {
        out += out.empty() ? R"({"readings": [)" : ",";
        out += R"({"at": "2026-05-04T)" + std::string(time) + R"(", "total": ")" + total + "\"}";
    }
    return out + "]" + more + "}";
}

std::string meter(const std::string& more) { return R"(, "meters": [{"id": "A", )" + more + "}]"; }

// ---- times -----------------------------------------------------------------------------------

TEST(Usage, TimesWithAndWithoutOffset) {
    const Zone zone = shanghai();
    const Instant expected = at("2026-07-01T00:00:00+08:00");
    for (const char* text :
         {"2026-07-01T00:00:00+08:00", "2026-06-30T16:00:00Z", "2026-06-30T11:00:00-05:00",
          "2026-07-01T00:00", "2026-07-01 00:00", "2026-07-01T00:00:00", "2026-07-01 00:00:00"}) {
        EXPECT_EQ(usage_time(text, zone).value().us, expected.us) << text;
    }
    EXPECT_EQ(usage_time("2026-07-01T00:00:59", zone).value() - expected, Duration::seconds(59));
    for (const char* text : {"", "2026-07-01", "2026-07-01T24:01", "2026-02-29T00:00",
                             "2026-07-01T00:00x", "01.07.2026 00:00", "2026-07-01T1:00"}) {
        EXPECT_EQ(usage_time(text, zone).error().code, "time.malformed") << text;
    }
    const Zone new_york = Zone::find("America/New_York").value();
    EXPECT_EQ(usage_time("2026-03-08T03:30", new_york).value().us,
              at("2026-03-08T03:30:00-04:00").us);
}

// ---- intervals -------------------------------------------------------------------------------

TEST(Usage, IntervalsInAnyOrder) {
    EXPECT_THAT(intervals_of(R"({"intervals": [
            {"from": "2026-05-04T11:00", "to": "2026-05-04T12:00", "quantity": "2"},
            {"from": "2026-05-04T10:00", "to": "2026-05-04T11:00", "quantity": "1.25"}]})"),
                ElementsAre("05-04T10:00 05-04T11:00 1.2500", "05-04T11:00 05-04T12:00 2.0000"));
    EXPECT_THAT(intervals_of(R"({"intervals": {"start": "2026-05-04 23:45", "minutes": 15,
                                               "values": ["0.1", "0.2"]}})"),
                ElementsAre("05-04T23:45 05-05T00:00 0.1000", "05-05T00:00 05-05T00:15 0.2000"));
}

TEST(Usage, RefusesBadIntervals) {
    EXPECT_THAT(intervals_of(R"({"intervals": [
            {"from": "2026-05-04T10:00", "to": "2026-05-04T12:00", "quantity": "2"},
            {"from": "2026-05-04T11:59", "to": "2026-05-04T13:00", "quantity": "1"}]})"),
                ElementsAre("rate.overlap at=2026-05-04T11:59:00+08:00 pointer=/intervals/1"));
    EXPECT_THAT(intervals_of(R"({"intervals": [
            {"from": "2026-05-04T10:00", "to": "2026-05-04T10:00", "quantity": "2"}]})"),
                ElementsAre("billing.empty_interval pointer=/intervals/0"));
    EXPECT_THAT(intervals_of(R"({"intervals": [{"from": "2026-05-04T10:00",
            "to": "2026-05-04T11:00", "quantity": "2", "registers": {"paek": "2"}}]})"),
                ElementsAre("tariff.unknown_band pointer=/intervals/0/registers/paek"));
    EXPECT_THAT(intervals_of(R"({"intervals": [{"from": "4 May", "to": "", "quantity": "2"}]})"),
                ElementsAre(testing::StartsWith("time.malformed")));
    for (const char* minutes : {"0", "-15", "1441"}) {
        EXPECT_THAT(intervals_of(R"({"intervals": {"start": "2026-05-04T10:00", "minutes": )" +
                                 std::string(minutes) + R"(, "values": []}})"),
                    ElementsAre("rate.bad_step pointer=/intervals/minutes"));
    }
}

TEST(Usage, RegistersOfAnIntervalGoToTheirBands) {
    const auto used = used_intervals(usage_of(R"({"intervals": [{"from": "2026-05-04T10:00",
            "to": "2026-05-04T11:00", "quantity": "2",
            "registers": {"valley": "0.5", "peak": "1.5"}}]})"),
                                     shanghai())
                          .value();
    const Interval& interval = used[0].interval;
    EXPECT_TRUE(interval.registers_match_table);
    EXPECT_EQ(interval.by_register[2], kwh("1.5"));
    EXPECT_EQ(interval.by_register[4], kwh("0.5"));
    EXPECT_EQ(interval.by_register[1], kwh("0"));
}

// ---- readings --------------------------------------------------------------------------------

TEST(Usage, DifferencesOfReadingsInAnyOrder) {
    EXPECT_THAT(intervals_of(readings({{"12:00", "13"}, {"10:00", "10"}, {"11:00", "12.5"}})),
                ElementsAre("05-04T10:00 05-04T11:00 2.5000", "05-04T11:00 05-04T12:00 0.5000"));
    EXPECT_THAT(
        intervals_of(readings({{"10:00", "10"}, {"11:00", "12.5"}}, meter(R"("ratio": 80)"))),
        ElementsAre("05-04T10:00 05-04T11:00 200.0000"));
    EXPECT_THAT(intervals_of(readings({{"10:00", "10"}})), ElementsAre());
    EXPECT_THAT(intervals_of(readings({{"10:00", "10"}, {"10:00", "10"}, {"11:00", "11"}})),
                ElementsAre("05-04T10:00 05-04T11:00 1.0000"))
        << "the same twice";
    EXPECT_THAT(intervals_of(readings({{"10:00", "10"}, {"10:00", "11"}})),
                ElementsAre("rate.conflict pointer=/readings/1"));
}

TEST(Usage, ATotalThatFellIsARolloverOnlyAcrossTheModulus) {
    const auto fell = [](const char* from, const char* to, const char* modulus) {
        return intervals_of(readings({{"10:00", from}, {"11:00", to}},
                                     meter(R"("modulus": ")" + std::string(modulus) + "\"")));
    };
    EXPECT_THAT(fell("9990", "15", "10000"), ElementsAre("05-04T10:00 05-04T11:00 25.0000"));
    EXPECT_THAT(fell("9000", "999", "10000"), ElementsAre("05-04T10:00 05-04T11:00 1999.0000"));
    const std::string backward =
        "rate.backward pointer=/readings/1 meter=A at=2026-05-04T11:00:00+08:00";
    EXPECT_THAT(fell("8999", "15", "10000"), ElementsAre(backward));
    EXPECT_THAT(fell("9990", "1001", "10000"), ElementsAre(backward));
    EXPECT_THAT(fell("9990", "0", "10000"), ElementsAre(backward)) << "zero is a meter that starts";
    EXPECT_THAT(intervals_of(readings({{"10:00", "9990"}, {"11:00", "15"}})),
                ElementsAre(testing::StartsWith("rate.backward pointer=/readings/1")))
        << "without a modulus";
    EXPECT_THAT(fell("10", "10000", "10000"), ElementsAre("rate.malformed pointer=/readings/1"));
    EXPECT_THAT(intervals_of(readings({{"10:00", "-1"}, {"11:00", "1"}})),
                ElementsAre(testing::StartsWith("rate.malformed")));
}

TEST(Usage, MoreThanTheMeterCanCarryIsImplausible) {
    const auto used = [](const char* total) {
        return intervals_of(readings({{"10:00", "0"}, {"11:00", total}},
                                     meter(R"("max_power_kw": "10", "ratio": 3)")));
    };
    EXPECT_THAT(used("12"), ElementsAre("05-04T10:00 05-04T11:00 36.0000"))
        << "before the ratio, with a fifth of slack";
    EXPECT_THAT(used("12.02"), ElementsAre("rate.implausible pointer=/readings/1 meter=A "
                                           "at=2026-05-04T11:00:00+08:00"));
}

TEST(Usage, MetersMustBeKnownWhenTheyAreListed) {
    EXPECT_THAT(intervals_of(R"({"meters": [{"id": "A"}, {"id": "B"}], "readings": [
            {"meter": "C", "at": "2026-05-04T10:00", "total": "1"}]})"),
                ElementsAre("rate.unknown_meter pointer=/readings/0/meter meter=C"));
    EXPECT_THAT(intervals_of(R"({"meters": [{"id": "A"}, {"id": "B"}], "readings": [
            {"at": "2026-05-04T10:00", "total": "1"}]})"),
                ElementsAre("rate.unknown_meter pointer=/readings/0/meter meter="));
    EXPECT_THAT(intervals_of(R"({"meters": [{"id": "A"}, {"id": "A"}], "readings": []})"),
                ElementsAre("rate.bad_meter pointer=/meters/1/id"));
    EXPECT_THAT(intervals_of(R"({"meters": [{"id": "A", "ratio": 0}], "readings": []})"),
                ElementsAre("rate.bad_meter pointer=/meters/0/ratio"));
}

// ---- estimated readings ----------------------------------------------------------------------

TEST(Usage, AnEstimatedReadingCountsUntilAnActualOneReplacesIt) {
    const auto with = [](const std::string& middle) {
        return intervals_of(R"({"readings": [{"at": "2026-05-04T10:00", "total": "0"},)" + middle +
                            R"({"at": "2026-05-04T12:00", "total": "10"}]})");
    };
    const std::string estimated = R"({"at": "2026-05-04T11:00", "total": "6", "estimated": true},)";
    const std::string actual = R"({"at": "2026-05-04T11:00", "total": "4"},)";
    const Texts replaced = {"05-04T10:00 05-04T11:00 4.0000", "05-04T11:00 05-04T12:00 6.0000"};
    EXPECT_THAT(with(estimated), ElementsAre("05-04T10:00 05-04T11:00 6.0000 estimated",
                                             "05-04T11:00 05-04T12:00 4.0000 estimated"));
    EXPECT_EQ(with(estimated + actual), replaced);
    EXPECT_EQ(with(actual + estimated), replaced);
}

// ---- events ----------------------------------------------------------------------------------

TEST(Usage, ARatioChangeInsideADifferenceDividesItByTime) {
    const auto changed = [](const std::string& from, const std::string& more = "") {
        return intervals_of(
            readings({{"10:00", "0"}, {"14:00", "10"}},
                     meter(R"("ratio": 2)") + R"(, "events": [)" + more +
                         R"({"kind": "ratio", "meter": "A", "ratio": 5, "from": "2026-05-04T)" +
                         from + "\"}]"));
    };
    EXPECT_THAT(changed("11:00"), ElementsAre("05-04T10:00 05-04T11:00 5.0000 divided",
                                              "05-04T11:00 05-04T14:00 37.5000 divided"));
    EXPECT_THAT(changed("14:00"), ElementsAre("05-04T10:00 05-04T14:00 20.0000"));
    EXPECT_THAT(changed("10:00"), ElementsAre("05-04T10:00 05-04T14:00 50.0000"));
    EXPECT_THAT(changed("13:00", R"({"kind": "ratio", "meter": "A", "ratio": 1,
                                     "from": "2026-05-04T12:00"},)"),
                ElementsAre("05-04T10:00 05-04T12:00 10.0000 divided",
                            "05-04T12:00 05-04T13:00 2.5000 divided",
                            "05-04T13:00 05-04T14:00 12.5000 divided"));
}

TEST(Usage, ARatioDivisionKeepsEveryUnit) {
    // One unit of three halves: the earlier part gets the odd one, before the ratio.
    EXPECT_THAT(intervals_of(readings({{"10:00", "0"}, {"12:00", "0.0003"}},
                                      meter(R"("ratio": 1)") + R"(, "events": [{"kind": "ratio",
                    "meter": "A", "ratio": 10, "from": "2026-05-04T11:00"}])")),
                ElementsAre("05-04T10:00 05-04T11:00 0.0002 divided",
                            "05-04T11:00 05-04T12:00 0.0010 divided"));
}

TEST(Usage, ACorrectionReplacesAReading) {
    const auto corrected = [](const std::string& events) {
        return intervals_of(readings({{"10:00", "0"}, {"11:00", "90"}, {"12:00", "10"}},
                                     R"(, "events": [)" + events + "]"));
    };
    const std::string to = R"({"kind": "correction", "at": "2026-05-04T11:00", "total": )";
    EXPECT_THAT(corrected(to + R"("9"})"),
                ElementsAre("05-04T10:00 05-04T11:00 9.0000", "05-04T11:00 05-04T12:00 1.0000"));
    EXPECT_THAT(corrected(to + R"("9"},)" + to + R"("7"})"),
                ElementsAre("05-04T10:00 05-04T11:00 7.0000", "05-04T11:00 05-04T12:00 3.0000"));
    EXPECT_THAT(corrected(R"({"kind": "correction", "at": "2026-05-04T11:01", "total": "9"})"),
                ElementsAre("rate.bad_event pointer=/events/0/at"));
    EXPECT_THAT(corrected(R"({"kind": "correction", "at": "2026-05-04T11:00"})"),
                ElementsAre("rate.bad_event pointer=/events/0/total"));
}

TEST(Usage, AnExchangeEndsOneMeterAndBeginsAnother) {
    const std::string before = R"({"meters": [{"id": "A", "ratio": 2}, {"id": "B", "ratio": 10}],
        "readings": [{"meter": "A", "at": "2026-05-04T10:00", "total": "100"},
                     {"meter": "B", "at": "2026-05-04T12:00", "total": "3.5"}],
        "events": [{"kind": "exchange", "at": "2026-05-04T11:30", "old": "A", "new": ")";
    EXPECT_THAT(intervals_of(before + R"(B", "old_final": {"total": "103"},
                                          "new_first": {"total": "1"}}]})"),
                ElementsAre("05-04T10:00 05-04T11:30 6.0000", "05-04T11:30 05-04T12:00 25.0000"));
    EXPECT_THAT(intervals_of(before + R"(B", "old_final": {"total": "103"}}]})"),
                ElementsAre("rate.bad_event pointer=/events/0"));
    EXPECT_THAT(intervals_of(before + R"(A", "old_final": {"total": "103"},
                                          "new_first": {"total": "1"}}]})"),
                ElementsAre("rate.bad_event pointer=/events/0/new"));
}

// ---- members ---------------------------------------------------------------------------------

TEST(Usage, ExactlyOneUse) {
    EXPECT_EQ(judge_usage(usage_of("{}")).error().code, "rate.one_use");
    EXPECT_EQ(judge_usage(usage_of(R"({"quantities": [], "readings": []})")).error().code,
              "rate.one_use");
    EXPECT_TRUE(judge_usage(usage_of(R"({"quantities": []})")));
    EXPECT_TRUE(judge_usage(usage_of(R"({"intervals": []})")));
}

TEST(Usage, RefusesMembersOutOfRange) {
    const auto judged = [](const std::string& more) {
        return why(judge_usage(usage_of(R"({"quantities": [], )" + more + "}")));
    };
    EXPECT_EQ(judged(R"("terms": {"household": 5, "area_m2": "85.5"})"), "");
    EXPECT_EQ(judged(R"("terms": {"household": -1})"), "rate.bad_terms pointer=/terms");
    EXPECT_EQ(judged(R"("terms": {"area_m2": "-1"})"), "rate.bad_terms pointer=/terms");
    EXPECT_EQ(judged(R"("cycle_before": "-1")"), "rate.bad_terms pointer=/cycle_before");
    EXPECT_EQ(judged(R"("terms": {"in_service_from": "2026-05-04",
                                  "in_service_to": "2026-05-04"})"),
              "rate.bad_terms pointer=/terms");
    EXPECT_EQ(judged(R"("power_factor": {"2026-07": "0.92"})"), "");
    for (const char* factor : {"0.925", "1.01", "-0.01"}) {
        EXPECT_EQ(judged(R"("power_factor": {"2026-07": ")" + std::string(factor) + "\"}"),
                  "rate.bad_month pointer=/power_factor/2026-07")
            << factor;
    }
    EXPECT_EQ(judged(R"("demand_kw": {"2026-13": "1"})"),
              "rate.bad_month pointer=/demand_kw/2026-13");
    EXPECT_EQ(judged(R"("reactive_kvarh": {"2026-07": "-1"})"),
              "rate.bad_month pointer=/reactive_kvarh/2026-07");
}

}  // namespace
}  // namespace mb::rules::billing
