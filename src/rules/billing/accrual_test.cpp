#include "rules/billing/accrual.hpp"

#include "base/binary.hpp"
#include "rules/billing/test_tariffs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mb::rules::billing {
namespace {

using namespace test;
using tariff::Band;
using tariff::TierCycle;
using testing::ElementsAre;
using Lines = std::vector<std::string>;

Money posted(Rig& rig) {
    Money sum;
    for (const PostingLine& line : post(rig.accrual)) {
        sum += line.amount;
    }
    return sum;
}

/// One hour of 2026-11-22 10:00, all inside one band of any table here.
Money cost_of(Rig rig, std::string_view total) {
    EXPECT_TRUE(rig.use("2026-11-22T10:00:00+08:00", "2026-11-22T11:00:00+08:00", total));
    const Money expected = due(rig.accrual);
    EXPECT_EQ(posted(rig), expected);
    EXPECT_EQ(due(rig.accrual), Money{});
    Money sum;
    for (const BillLine& line : rig.accrual.lines) {
        sum += line.posted;
    }
    return sum;
}

// ---- the examples of domain A9 and A2 --------------------------------------------------------

TEST(Accrual, S1TwoTiersByMonth) {
    const Rig rig(tiered(TierCycle::month, {"50"}, {"0.53", "0.58"}));
    EXPECT_EQ(cost_of(rig, "100").text(), "55.50");
    EXPECT_EQ(cost_of(rig, "10").text(), "5.30");
    EXPECT_EQ(cost_of(rig, "50").text(), "26.50");
}

TEST(Accrual, S2ZhejiangYearTiers) {
    const Rig rig(tiered(TierCycle::year, {"2760", "4800"}, {"0.538", "0.588", "0.838"}));
    EXPECT_EQ(cost_of(rig, "1000").text(), "538.00");
    // All three tiers: 2760 × 0.538 + 2040 × 0.588 + 200 × 0.838.
    EXPECT_EQ(cost_of(rig, "5000").text(), "2852.00");
}

TEST(Accrual, S3ChongqingTimeOfUse) {
    Rig rig(chongqing());
    ASSERT_TRUE(rig.use("2026-05-04T11:00:00+08:00", "2026-05-04T17:00:00+08:00", "100"));
    ASSERT_TRUE(rig.use("2026-05-04T17:00:00+08:00", "2026-05-04T20:00:00+08:00", "150"));
    ASSERT_TRUE(rig.use("2026-05-05T00:00:00+08:00", "2026-05-05T08:00:00+08:00", "50"));
    EXPECT_EQ(due(rig.accrual).text(), "157.00");
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 peak 1 v1: 100.0000 62.00", "202605 flat 1 v1: 150.0000 78.00",
                            "202605 valley 1 v1: 50.0000 17.00"));
}

TEST(Accrual, S4SharedMeterFlatPrice) {
    EXPECT_EQ(cost_of(Rig(flat("0.5464")), "300").text(), "163.92");
}

TEST(Accrual, S6CurrentTransformer) {
    metering::Registers before;
    metering::Registers after;
    before.value[0] = kwh("1000");
    after.value[0] = kwh("1012.5");
    const metering::MeterSpec spec{10'000'000'000, 40, 60'000};
    const Instant from = at("2026-11-22T10:00:00+08:00");
    const Instant to = at("2026-11-22T11:00:00+08:00");
    const auto difference = metering::register_difference(spec, from, before, to, after, to);
    Rig rig(flat("0.80"));
    Interval interval;
    interval.from = from;
    interval.to = to;
    interval.total = difference.total;
    ASSERT_TRUE(rig.use(interval));
    EXPECT_EQ(rig.lines(), Lines{"202611 flat 1 v1: 500.0000 400.00"});
}

TEST(Accrual, NineDecimalPriceIsExact) {
    Rig rig(flat("0.685070375"));
    ASSERT_TRUE(rig.use("2026-05-04T11:00:00+08:00", "2026-05-04T12:00:00+08:00", "0.0001"));
    EXPECT_EQ(rig.accrual.lines[0].exact.text(), "0.0000685070375");
}

// ---- tiers -----------------------------------------------------------------------------------

TEST(Accrual, TierCrossingAcrossBandsIsInTimeOrder) {
    tariff::TariffDocument document = chongqing();
    document.tier_cycle = TierCycle::month;
    document.tier_split = tariff::TierSplit::time_order;
    document.tier_limits = {kwh("10")};
    document.prices = {{{}, 1, price("0.5")}, {{}, 2, price("0.8")}};
    Rig rig(document);
    // Two equal parts around 17:00: 6 kWh peak, then 6 kWh flat of which 4 are left in tier 1.
    const auto result =
        rig.use("2026-05-04T16:30:00+08:00", "2026-05-04T17:30:00+08:00", "12").value();
    EXPECT_EQ(result.slices, 3);
    EXPECT_TRUE(result.split_by_time);
    EXPECT_FALSE(result.estimated);
    EXPECT_EQ(result.pending_change.text(), "6.60");
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 peak 1 v1: 6.0000 3.00", "202605 flat 1 v1: 4.0000 2.00",
                            "202605 flat 2 v1: 2.0000 1.60"));
    // Later use stays in tier 2, in whatever band.
    ASSERT_TRUE(rig.use("2026-05-04T20:00:00+08:00", "2026-05-04T20:15:00+08:00", "1"));
    EXPECT_EQ(rig.lines().back(), "202605 peak 2 v1: 1.0000 0.80");
}

TEST(Accrual, LimitItselfBelongsToTheLowerTier) {
    Rig rig(tiered(TierCycle::month, {"10"}, {"0.5", "1"}));
    const auto quarter = [&](int i, std::string_view total) {
        Interval interval;
        interval.from = at("2026-05-04T10:00:00+08:00") + Duration::minutes(15 * i);
        interval.to = interval.from + Duration::minutes(15);
        interval.total = kwh(total);
        return rig.use(interval).value().pending_change.text();
    };
    EXPECT_EQ(quarter(0, "9"), "4.50");
    EXPECT_EQ(quarter(1, "1"), "0.50");
    EXPECT_EQ(quarter(2, "0"), "0.00");
    EXPECT_EQ(quarter(3, "1"), "1.00");
    EXPECT_EQ(quarter(4, "1"), "1.00");
}

TEST(Accrual, TheVeryUnitThatPassesTheLimitCostsMore) {
    // Two units at a time over a limit of three: the second pair is cut in the middle.
    Rig rig(tiered(TierCycle::month, {"0.0003"}, {"0.5", "1"}));
    Instant from = at("2026-05-04T10:00:00+08:00");
    for (int i = 0; i < 3; ++i) {
        const Interval interval{from, from + Duration::minutes(15), {2}, {}, 1, false};
        EXPECT_EQ(rig.use(interval)->slices, i == 1 ? 2 : 1);
        from = interval.to;
    }
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 flat 1 v1: 0.0003 0.00015", "202605 flat 2 v1: 0.0003 0.0003"));
}

TEST(Accrual, MonthTiersBeginAnewWithTheMonth) {
    Rig rig(tiered(TierCycle::month, {"10"}, {"0.5", "1"}));
    ASSERT_TRUE(rig.use("2026-05-31T10:00:00+08:00", "2026-05-31T11:00:00+08:00", "12"));
    ASSERT_TRUE(rig.use("2026-06-01T10:00:00+08:00", "2026-06-01T11:00:00+08:00", "3"));
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 flat 1 v1: 10.0000 5.00", "202605 flat 2 v1: 2.0000 2.00",
                            "202606 flat 1 v1: 3.0000 1.50"));
}

TEST(Accrual, YearTiersBeginAnewWithTheYearAndLateUseFallsInTheOldOne) {
    Rig rig(tiered(TierCycle::year, {"100"}, {"0.5", "1"}));
    ASSERT_TRUE(rig.use("2026-12-31T12:00:00+08:00", "2026-12-31T23:30:00+08:00", "95"));
    // 23:30 to 00:30: half in each year (F32).
    ASSERT_TRUE(rig.use("2026-12-31T23:30:00+08:00", "2027-01-01T00:30:00+08:00", "20"));
    EXPECT_THAT(rig.lines(),
                ElementsAre("202612 flat 1 v1: 100.0000 50.00", "202612 flat 2 v1: 5.0000 5.00",
                            "202701 flat 1 v1: 10.0000 5.00"));
    // The reading of 23:45 on the last evening, delivered on 2 January.
    ASSERT_TRUE(rig.use("2026-12-31T23:30:00+08:00", "2026-12-31T23:45:00+08:00", "1"));
    EXPECT_EQ(rig.lines()[1], "202612 flat 2 v1: 6.0000 6.00");
    EXPECT_THAT(rig.accrual.uses,
                ElementsAre(CycleUse{{day("2026-01-01"), day("2027-01-01")}, kwh("106")},
                            CycleUse{{day("2027-01-01"), day("2028-01-01")}, kwh("10")}));
}

// ---- splitting -------------------------------------------------------------------------------

TEST(Accrual, RegistersDecideACrossing) {
    Rig rig(chongqing());
    const auto result = rig.use_registers("2026-05-04T16:45:00+08:00", "2026-05-04T17:15:00+08:00",
                                          "10", {"", "9.3", "0.7", ""});
    EXPECT_FALSE(result->split_by_time);
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 peak 1 v1: 9.3000 5.766", "202605 flat 1 v1: 0.7000 0.364"));
}

TEST(Accrual, RegistersThatDoNotSumFallBackToTime) {
    Rig rig(chongqing());
    const auto result = rig.use_registers("2026-05-04T16:45:00+08:00", "2026-05-04T17:15:00+08:00",
                                          "10", {"", "9.3", "0.6", ""});
    EXPECT_TRUE(result->split_by_time);
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 peak 1 v1: 5.0000 3.10", "202605 flat 1 v1: 5.0000 2.60"));
}

TEST(Accrual, RegistersThatRanBackwardFallBackToTime) {
    Rig rig(chongqing());
    EXPECT_TRUE(rig.use_registers("2026-05-04T16:45:00+08:00", "2026-05-04T17:15:00+08:00", "10",
                                  {"", "11", "-1", ""})
                    ->split_by_time);
    EXPECT_EQ(rig.accrual.lines[0].quantity, kwh("5"));
}

TEST(Accrual, RegisterOfABandOutsideTheIntervalFallsBackToTime) {
    // The meter's clock is off: it still counts valley at 16:45.
    Rig rig(chongqing());
    EXPECT_TRUE(rig.use_registers("2026-05-04T16:45:00+08:00", "2026-05-04T17:15:00+08:00", "10",
                                  {"", "5", "4", "1"})
                    ->split_by_time);
}

TEST(Accrual, RegisterOfABandWithoutPriceFallsBackToTime) {
    Rig rig(chongqing());
    const auto result = rig.use_registers("2026-05-04T16:45:00+08:00", "2026-05-04T17:15:00+08:00",
                                          "10", {"1", "5", "4", ""});
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->split_by_time);
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 peak 1 v1: 5.0000 3.10", "202605 flat 1 v1: 5.0000 2.60"));
}

TEST(Accrual, RegistersAreDividedByTimeOnlyWhereDaysDiffer) {
    // 22:00 to 09:00: flat, then valley, then flat again; one price each, so the registers suffice.
    Rig rig(chongqing());
    const auto night = rig.use_registers("2026-05-04T22:00:00+08:00", "2026-05-05T09:00:00+08:00",
                                         "9", {"", "", "6", "3"});
    EXPECT_FALSE(night->split_by_time);
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 flat 1 v1: 6.0000 3.12", "202605 valley 1 v1: 3.0000 1.02"));
    // The same over the end of a month: the flat use must be divided, 2 h before and 1 h after.
    const auto month = rig.use_registers("2026-05-31T22:00:00+08:00", "2026-06-01T09:00:00+08:00",
                                         "9", {"", "", "6", "3"});
    EXPECT_TRUE(month->split_by_time);
    EXPECT_TRUE(month->estimated);
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 flat 1 v1: 10.0000 5.20", "202605 valley 1 v1: 3.0000 1.02",
                            "202606 valley 1 v1: 3.0000 1.02", "202606 flat 1 v1: 2.0000 1.04"));
}

TEST(Accrual, TimeSplitGivesEveryUnitByLargestRemainder) {
    Rig rig(chongqing());
    // 10 min peak, 20 min flat; 1 unit of 3 → floor 0.33 and 0.67: the larger rest wins.
    ASSERT_TRUE(rig.use("2026-05-04T16:50:00+08:00", "2026-05-04T17:20:00+08:00", "0.0001"));
    EXPECT_EQ(rig.lines(), Lines{"202605 flat 1 v1: 0.0001 0.000052"});
    // Equal halves of an odd number: the earlier part gets the unit.
    Rig tie(chongqing());
    ASSERT_TRUE(tie.use("2026-05-04T16:50:00+08:00", "2026-05-04T17:10:00+08:00", "0.0003"));
    EXPECT_EQ(tie.accrual.lines[0].quantity.units, 2);
    EXPECT_EQ(tie.accrual.lines[1].quantity.units, 1);
}

TEST(Accrual, LongGapsAreEstimated) {
    Rig rig(chongqing());
    EXPECT_FALSE(rig.use("2026-05-04T16:30:00+08:00", "2026-05-04T17:30:00+08:00", "1")->estimated);
    EXPECT_TRUE(rig.use("2026-05-04T19:29:59+08:00", "2026-05-04T20:30:00+08:00", "1")->estimated);
    // Long, but inside one band: nothing had to be guessed.
    const auto inside = rig.use("2026-05-05T00:00:00+08:00", "2026-05-05T08:00:00+08:00", "8");
    EXPECT_FALSE(inside->split_by_time || inside->estimated);
    // Nothing used: nothing divided.
    const auto none = rig.use("2026-05-05T08:00:00+08:00", "2026-05-07T08:00:00+08:00", "0");
    EXPECT_FALSE(none->split_by_time || none->estimated);
    EXPECT_EQ(none->slices, 0);
}

TEST(Accrual, SameBandAcrossMidnightIsNoCrossing) {
    tariff::TariffDocument document = chongqing();
    document.periods = {{"00:00", "08:00", Band::valley},
                        {"08:00", "22:00", Band::peak},
                        {"22:00", "24:00", Band::valley}};
    document.prices = {{Band::peak, {}, price("0.62")}, {Band::valley, {}, price("0.34")}};
    Rig rig(document);
    const auto night = rig.use("2026-05-04T23:00:00+08:00", "2026-05-05T01:00:00+08:00", "2");
    EXPECT_FALSE(night->split_by_time);
    EXPECT_EQ(night->slices, 1);
    EXPECT_TRUE(rig.use("2026-05-31T23:45:00+08:00", "2026-06-01T00:15:00+08:00", "2")
                    ->split_by_time);  // a month ends
}

// ---- versions --------------------------------------------------------------------------------

TEST(Accrual, PriceChangeSplitsAtItsDay) {
    Rig rig(flat("0.5"));
    tariff::TariffDocument next = flat("0.6");
    next.version = 2;
    next.effective_from = day("2026-05-05");
    rig.publish(next);
    const auto result = rig.use("2026-05-04T23:30:00+08:00", "2026-05-05T00:30:00+08:00", "2");
    EXPECT_TRUE(result->split_by_time);
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 flat 1 v1: 1.0000 0.50", "202605 flat 1 v2: 1.0000 0.60"));
}

TEST(Accrual, AVersionPublishedMeanwhileIsSeen) {
    // The window is open until midnight when a version of that very day comes in.
    Rig rig(flat("0.5"));
    ASSERT_TRUE(rig.use("2026-05-04T10:00:00+08:00", "2026-05-04T10:15:00+08:00", "1"));
    tariff::TariffDocument next = flat("0.6");
    next.version = 2;
    next.effective_from = day("2026-05-04");
    rig.publish(next);
    ASSERT_TRUE(rig.use("2026-05-04T10:15:00+08:00", "2026-05-04T10:30:00+08:00", "1"));
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 flat 1 v1: 1.0000 0.50", "202605 flat 1 v2: 1.0000 0.60"));
}

TEST(Accrual, NewLimitsCountWhatTheCycleHadBefore) {
    Rig rig(tiered(TierCycle::month, {"10"}, {"0.5", "1"}));
    tariff::TariffDocument next = tiered(TierCycle::month, {"20"}, {"0.6", "1.2"});
    next.version = 2;
    next.effective_from = day("2026-05-05");
    rig.publish(next);
    ASSERT_TRUE(rig.use("2026-05-04T10:00:00+08:00", "2026-05-04T11:00:00+08:00", "15"));
    ASSERT_TRUE(rig.use("2026-05-05T10:00:00+08:00", "2026-05-05T11:00:00+08:00", "8"));
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 flat 1 v1: 10.0000 5.00", "202605 flat 2 v1: 5.0000 5.00",
                            "202605 flat 1 v2: 5.0000 3.00", "202605 flat 2 v2: 3.0000 3.60"));
}

TEST(Accrual, NoneInForceIsRefusedWhole) {
    tariff::TariffDocument later = flat("0.5");
    later.effective_from = day("2026-05-05");
    Rig rig(later);
    for (const char* to : {"2026-05-04T23:45:00+08:00", "2026-05-05T00:30:00+08:00"}) {
        const auto result = rig.use("2026-05-04T23:30:00+08:00", to, "1");
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().text(), "tariff.none_in_force on=2026-05-04");
    }
    EXPECT_TRUE(rig.accrual.lines.empty());
    EXPECT_EQ(due(rig.accrual), Money{});
    rig.accrual.tariff_code_index = 5;
    EXPECT_EQ(rig.use("2026-05-06T23:30:00+08:00", "2026-05-06T23:45:00+08:00", "1").error().code,
              "tariff.none_in_force");
}

// ---- bad intervals and bounds ----------------------------------------------------------------

TEST(Accrual, RefusesImpossibleIntervals) {
    Rig rig(flat("0.5"));
    // Also with an open window, where the fast path looks first.
    for (int round = 0; round < 2; ++round) {
        const auto code = [&](const char* to, std::string_view total) {
            return rig.use("2026-05-04T10:00:00+08:00", to, total).error().code;
        };
        EXPECT_EQ(code("2026-05-04T10:00:00+08:00", "1"), "billing.empty_interval");
        EXPECT_EQ(code("2026-05-04T09:59:59+08:00", "1"), "billing.empty_interval");
        EXPECT_EQ(code("2026-05-04T10:15:00+08:00", "-0.0001"), "billing.negative_quantity");
        EXPECT_EQ(code("2026-05-04T10:15:00+08:00", "10000000000.0001"), "billing.too_large");
        ASSERT_TRUE(rig.use("2026-05-04T10:00:00+08:00", "2026-05-04T10:15:00+08:00", "1"));
    }
    EXPECT_EQ(rig.accrual.lines[0].quantity, kwh("2"));
}

/// F33: half-fen ties, and 10⁹ kWh without overflow.
TEST(Accrual, Boundaries) {
    EXPECT_EQ(cost_of(Rig(flat("0.5")), "0.01").text(), "0.01");    // 0.5 fen goes up
    EXPECT_EQ(cost_of(Rig(flat("0.5")), "0.0099").text(), "0.00");  // 0.495
    EXPECT_EQ(cost_of(Rig(flat("0.5")), "0.03").text(), "0.02");    // 1.5 → 2
    EXPECT_EQ(cost_of(Rig(flat("0.5")), "0.05").text(), "0.03");    // 2.5 → 3, not to even
    EXPECT_EQ(cost_of(Rig(flat("0.4999999999999")), "0.01").text(), "0.00");
    EXPECT_EQ(cost_of(Rig(flat("0")), "1000").text(), "0.00");
    EXPECT_EQ(cost_of(Rig(flat("0.685070375")), "1000000000").text(), "685070375.00");
    EXPECT_EQ(cost_of(Rig(flat("0.6850703750001")), "1000000000").text(), "685070375.00");
    EXPECT_EQ(cost_of(Rig(flat("10000")), "10000000000").text(), "100000000000000.00");
    // 10⁹ kWh over three tiers and a band bound.
    tariff::TariffDocument document = chongqing();
    document.tier_cycle = TierCycle::year;
    document.tier_limits = {kwh("2760"), kwh("4800")};
    document.prices = {{{}, 1, price("0.5")}, {{}, 2, price("0.6")}, {{}, 3, price("0.9")}};
    Rig rig(document);
    ASSERT_TRUE(rig.use("2026-05-04T16:30:00+08:00", "2026-05-04T17:30:00+08:00", "1000000000"));
    EXPECT_EQ(due(rig.accrual).text(), "899998284.00");
}

// ---- state -----------------------------------------------------------------------------------

TEST(Accrual, StateWithoutItsWindowGoesOnAlike) {
    Rig rig(tiered(TierCycle::month, {"10"}, {"0.5", "1"}));
    AgreementAccrual copy;
    Instant from = at("2026-05-04T10:00:00+08:00");
    for (int i = 0; i < 40; ++i) {
        Interval interval{from, from + Duration::minutes(15), kwh("0.4003"), {}, 1, false};
        copy = from_binary<AgreementAccrual>(to_binary(rig.accrual)).value();
        EXPECT_EQ(copy.window.to, Instant{});
        const auto fast = rig.use(interval).value();
        const auto cold = accrue(copy, rig.facts(), interval).value();
        EXPECT_EQ(fast.pending_change, cold.pending_change);
        EXPECT_EQ(to_binary(rig.accrual), to_binary(copy));
        from = interval.to;
    }
    EXPECT_EQ(rig.accrual.lines.size(), 2U);
}

}  // namespace
}  // namespace mb::rules::billing
