#include "rules/billing/settle.hpp"

#include "base/binary.hpp"
#include "rules/billing/test_tariffs.hpp"
#include "rules/tariff/test_document.hpp"

#include <gtest/gtest.h>

namespace mb::rules::billing {
namespace {

using namespace test;
using tariff::test::document;
using tariff::test::why;

MonthFacts days(std::string_view from, std::string_view to) {
    MonthFacts out;
    out.service_from = day(from);
    out.service_to = day(to);
    return out;
}

MonthFacts may() { return days("2026-05-01", "2026-06-01"); }

const BillLine* line_of(const Rig& rig, LineItem item, std::uint8_t index = 0) {
    for (const BillLine& line : rig.accrual.lines) {
        if (line.key.item == item && line.key.index == index) {
            return &line;
        }
    }
    return nullptr;
}

/// Exact amount of a line, "" when there is none.
std::string exact(const Rig& rig, LineItem item, std::uint8_t index = 0) {
    const BillLine* line = line_of(rig, item, index);
    return line == nullptr ? "" : line->exact.text();
}

std::string settle(Rig& rig, const MonthFacts& month, CycleId cycle = 202605) {
    return why(settle_month(rig.accrual, rig.facts(), cycle, month));
}

void use(Rig& rig, std::string_view total, std::string_view month = "2026-05") {
    const std::string date = std::string(month) + "-15T12:";
    ASSERT_TRUE(rig.use(date + "00:00+08:00", date + "15:00+08:00", total));
}

// ---- fees ------------------------------------------------------------------------------------

std::string fee(std::string_view price, std::string_view more = R"("per": "month")") {
    return R"("prices": [{"price": "1"}], "fixed": [{"item": "fee", "price": ")" +
           std::string(price) + R"(", )" + std::string(more) + "}]";
}

TEST(Settle, AStartedMonthPaysTheFeeWhole) {
    Rig rig(document(fee("30.0055")));
    EXPECT_EQ(settle(rig, days("2026-05-31", "2026-06-01")), "");
    EXPECT_EQ(exact(rig, LineItem::fixed), "30.0055");
    EXPECT_EQ(due(rig.accrual).text(), "30.01");
    EXPECT_EQ(rig.accrual.settled_to, 202605);
    EXPECT_EQ(settle(rig, days("2026-06-01", "2026-06-01"), 202606), "");
    EXPECT_EQ(rig.accrual.lines.size(), 1U) << "a month without a day in service has no lines";
}

TEST(Settle, AProratedFeeIsRoundedToFen) {
    const auto prorated = [](const char* price, const char* from, const char* to, CycleId cycle) {
        Rig rig(document(fee(price, R"("per": "month", "prorate": true)")));
        EXPECT_EQ(settle(rig, days(from, to), cycle), "");
        return exact(rig, LineItem::fixed);
    };
    EXPECT_EQ(prorated("30", "2026-05-22", "2026-06-01", 202605), "9.68");
    EXPECT_EQ(prorated("30", "2026-05-01", "2026-06-01", 202605), "30.00");
    EXPECT_EQ(prorated("28", "2026-02-01", "2026-02-02", 202602), "1.00");
    EXPECT_EQ(prorated("29", "2028-02-01", "2028-02-02", 202802), "1.00");
    EXPECT_EQ(prorated("0.155", "2026-05-01", "2026-05-02", 202605), "0.01") << "half a fen";
    EXPECT_EQ(prorated("0.1549", "2026-05-01", "2026-05-02", 202605), "0.00");
    EXPECT_EQ(prorated("0.465", "2026-05-01", "2026-05-02", 202605), "0.02") << "1.5 fen";
}

TEST(Settle, AFeeByAreaNeedsTheArea) {
    Rig rig(document(fee("2.5", R"("per": "m2_month")")));
    const Bytes before = to_binary(rig.accrual);
    EXPECT_EQ(settle(rig, may()), "rate.area_missing");
    EXPECT_EQ(to_binary(rig.accrual), before);
    rig.terms.area = kwh("85.55");
    EXPECT_EQ(settle(rig, may()), "");
    EXPECT_EQ(exact(rig, LineItem::fixed), "213.875");
    EXPECT_EQ(due(rig.accrual).text(), "213.88");
    Rig half(document(fee("2.5", R"("per": "m2_month", "prorate": true)")));
    half.terms.area = kwh("85.55");
    EXPECT_EQ(settle(half, days("2026-06-16", "2026-07-01"), 202606), "");
    EXPECT_EQ(exact(half, LineItem::fixed), "106.94");
    EXPECT_EQ(line_of(half, LineItem::fixed)->quantity, kwh("85.55"));
}

TEST(Settle, FeesGoByTheVersionOfTheLastDayInService) {
    Rig rig(document(fee("10")));
    rig.publish(document(fee("20"), "2026-05-20", 2));
    Rig left = rig;
    EXPECT_EQ(settle(rig, may()), "");
    EXPECT_EQ(exact(rig, LineItem::fixed), "20.00");
    EXPECT_EQ(settle(left, days("2026-05-01", "2026-05-20")), "");
    EXPECT_EQ(exact(left, LineItem::fixed), "10.00");
}

// ---- demand ----------------------------------------------------------------------------------

TEST(Settle, MeasuredDemandAndCapacity) {
    Rig measured(document(R"("prices": [{"price": "1"}],
                             "demand": {"basis": "measured", "price": "40"})"));
    EXPECT_EQ(settle(measured, may()), "rate.demand_unknown month=2026-05");
    MonthFacts month = may();
    month.demand = kwh("200.4001");
    EXPECT_EQ(settle(measured, month), "");
    EXPECT_EQ(exact(measured, LineItem::demand), "8016.004");
    EXPECT_EQ(due(measured.accrual).text(), "8016.00");
    Rig capacity(document(R"("prices": [{"price": "1"}],
                             "demand": {"basis": "capacity", "price": "25"})"));
    EXPECT_EQ(settle(capacity, may()), "rate.capacity_missing");
    EXPECT_TRUE(capacity.accrual.lines.empty());
    capacity.terms.capacity = kwh("315");
    EXPECT_EQ(settle(capacity, days("2026-05-31", "2026-06-01")), "") << "whole, not by days";
    EXPECT_EQ(exact(capacity, LineItem::capacity), "7875.00");
}

// ---- power factor ----------------------------------------------------------------------------

constexpr std::string_view with_factor =
    R"("prices": [{"price": "1"}], "power_factor": {"standard": "0.90"})";

std::string adjusted(std::string_view total, int hundredths) {
    Rig rig(document(with_factor));
    use(rig, total);
    MonthFacts month = may();
    month.power_factor = hundredths;
    EXPECT_EQ(settle(rig, month), "");
    return exact(rig, LineItem::power_factor);
}

TEST(Settle, ThePowerFactorItemIsRoundedOnceTiesAwayFromZero) {
    EXPECT_EQ(adjusted("1000", 92), "-3.00");
    EXPECT_EQ(adjusted("5", 92), "-0.02");  // 1.5 fen
    EXPECT_EQ(adjusted("4.9999", 92), "-0.01");
    EXPECT_EQ(adjusted("1", 89), "0.01");  // 0.5 fen
    EXPECT_EQ(adjusted("0.9999", 89), "0.00");
    EXPECT_EQ(adjusted("3", 89), "0.02");  // 1.5 fen
    EXPECT_EQ(adjusted("1000", 90), "0.00");
    EXPECT_EQ(adjusted("1000", 0), "1450.00");
}

TEST(Settle, ThePowerFactorNeedsReactiveEnergyWhereThereIsUse) {
    Rig rig(document(with_factor));
    use(rig, "400");
    const Bytes before = to_binary(rig.accrual);
    EXPECT_EQ(settle(rig, may()), "rate.reactive_missing month=2026-05");
    EXPECT_EQ(to_binary(rig.accrual), before);
    MonthFacts month = may();
    month.reactive = kwh("300");
    EXPECT_EQ(settle(rig, month), "");
    EXPECT_EQ(line_of(rig, LineItem::power_factor)->quantity, kwh("0.80"));
    EXPECT_EQ(exact(rig, LineItem::power_factor), "20.00");
    Rig nothing(document(with_factor));
    EXPECT_EQ(settle(nothing, may()), "");
    EXPECT_EQ(line_of(nothing, LineItem::power_factor), nullptr);
    Rig reactive(document(with_factor));
    EXPECT_EQ(settle(reactive, month), "");
    EXPECT_EQ(line_of(reactive, LineItem::power_factor)->quantity, kwh("0")) << "P is zero";
}

TEST(Settle, WhatThePowerFactorAppliesTo) {
    Rig rig(document(R"("prices": [{"price": "1"}], "power_factor": {"standard": "0.90"},
        "per_unit": [{"item": "in", "price": "0.1", "in_power_factor": true},
                     {"item": "out", "price": "0.1"}],
        "fixed": [{"item": "fee_in", "price": "50", "per": "month", "in_power_factor": true},
                  {"item": "fee_out", "price": "50", "per": "month"}],
        "demand": {"basis": "measured", "price": "40"},
        "allowances": [{"name": "a", "kind": "money", "amount": "5"}])"));
    use(rig, "1000");
    use(rig, "7", "2026-06");
    MonthFacts month = may();
    month.power_factor = 88;
    month.demand = kwh("10");
    EXPECT_EQ(settle(rig, month), "");
    // 1000 + 100 + 50 + 400 = 1550 yuan, and one per cent of it; neither June nor the others.
    EXPECT_EQ(exact(rig, LineItem::power_factor), "15.50");
    EXPECT_EQ(exact(rig, LineItem::subsidy), "-5.00");
}

TEST(Settle, ThePowerFactorBasisIsTheExactSum) {
    Rig rig(document(R"("prices": [{"price": "0.3333333333333"}],
                        "power_factor": {"standard": "0.90"})"));
    use(rig, "0.0003");
    MonthFacts month = may();
    month.power_factor = 92;
    const auto basis =
        power_factor_basis(rig.accrual, rig.book, *rig.book.all()[0], 202605, month).value();
    ASSERT_TRUE(basis);
    EXPECT_EQ(basis->rests, 9'999'999'999'999);
    EXPECT_EQ(basis->exact_text(), "-0.00000029999999999997");
    EXPECT_FALSE(
        power_factor_basis(rig.accrual, rig.book, *rig.book.all()[0], 202606, may()).value());
}

TEST(Settle, ExactTextOfAPowerFactorItem) {
    constexpr int128 yuan = int128{100} * ExactMoney::rests_per_fen;
    EXPECT_EQ((PowerFactorBasis{92, {-3000}, 5 * yuan}.exact_text()), "-0.015");
    EXPECT_EQ((PowerFactorBasis{89, {5000}, yuan}.exact_text()), "0.005");
    EXPECT_EQ((PowerFactorBasis{90, {0}, yuan}.exact_text()), "0.00");
    EXPECT_EQ((PowerFactorBasis{92, {-3000}, 0}.exact_text()), "0.00");
    EXPECT_EQ((PowerFactorBasis{0, {1'450'000}, 1000 * yuan}.exact_text()), "1450.00");
    EXPECT_EQ((PowerFactorBasis{92, {-3000}, 1}.exact_text()), "-0.00000000000000000003");
    EXPECT_EQ((PowerFactorBasis{91, {-1}, 1}.exact_text()), "-0.00000000000000000000001");
    EXPECT_EQ((PowerFactorBasis{70, {100'000}, 123'456'789 * yuan}.exact_text()), "12345678.90");
}

// ---- subsidy ---------------------------------------------------------------------------------

std::string subsidized(int months) {
    return R"("prices": [{"price": "1"}], "per_unit": [{"item": "fund", "price": "0.1"}],
              "fixed": [{"item": "fee", "price": "9", "per": "month"}],
              "allowances": [{"name": "a", "kind": "money", "amount": "10",
                              "expires_after_months": )" +
           std::to_string(months) + "}]";
}

TEST(Settle, ASubsidyCoversTheRoundedLinesButNoFees) {
    Rig rig(document(subsidized(1)));
    use(rig, "7.004");  // 7.00 and 0.70
    EXPECT_EQ(settle(rig, may()), "");
    EXPECT_EQ(exact(rig, LineItem::subsidy), "-7.70");
    EXPECT_EQ(line_of(rig, LineItem::subsidy)->quantity, kwh("7.70"));
    EXPECT_EQ(due(rig.accrual).text(), "9.00");
    use(rig, "20", "2026-06");
    EXPECT_EQ(settle(rig, days("2026-06-01", "2026-07-01"), 202606), "");
    EXPECT_EQ(rig.accrual.lines.back().exact.text(), "-10.00") << "the 2.30 of May are lost";
}

TEST(Settle, WhatIsLeftOfASubsidyMayBeUsedUntilItExpires) {
    Rig rig(document(subsidized(2)));
    use(rig, "7");
    EXPECT_EQ(settle(rig, may()), "");
    use(rig, "20", "2026-06");
    EXPECT_EQ(settle(rig, days("2026-06-01", "2026-07-01"), 202606), "");
    EXPECT_EQ(rig.accrual.lines.back().exact.text(), "-12.30");
    EXPECT_EQ(settle(rig, days("2026-07-01", "2026-08-01"), 202607), "");
    EXPECT_EQ(rig.accrual.lines.back().key.item, LineItem::fixed) << "nothing to cover in July";
    use(rig, "40", "2026-08");
    EXPECT_EQ(settle(rig, days("2026-08-01", "2026-09-01"), 202608), "");
    EXPECT_EQ(rig.accrual.lines.back().exact.text(), "-20.00") << "July's and August's";
}

TEST(Settle, CycleTexts) {
    EXPECT_EQ(cycle_text(202607), "2026-07");
    EXPECT_EQ(cycle_text(202612), "2026-12");
}

}  // namespace
}  // namespace mb::rules::billing
