#include "rules/billing/comparison.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mb::rules::billing {
namespace {

using tariff::Band;

MonthUse month(std::int32_t days) {
    MonthUse out;
    out.days = days;
    return out;
}

/// kWh at a price in fen.
void use(MonthUse& to, Band band, std::uint8_t tier, std::int64_t kwh, std::int64_t fen) {
    BillLine line;
    line.key.band = band;
    line.key.tier = tier;
    line.quantity = {kwh * 10'000};
    line.exact = {kwh * fen, 0};
    add_line(to, line, {kwh * fen});
}

void fee(MonthUse& to, std::int64_t fen) {
    BillLine line;
    line.key.item = LineItem::fixed;
    add_line(to, line, {fen});
}

Money sum(const MonthChange& change) {
    return change.days + change.use + change.shift + change.price + change.others + change.rounding;
}

TEST(Comparison, DaysUseShiftPriceAndFeesAreToldApart) {
    MonthUse june = month(30);
    use(june, Band::peak, 1, 150, 100);
    use(june, Band::valley, 1, 150, 50);
    fee(june, 500);
    MonthUse july = month(31);
    use(july, Band::peak, 1, 310, 110);  // 20 a day in all, half of it at peak before
    use(july, Band::valley, 1, 310, 50);
    fee(july, 800);
    const MonthChange change = change_between(june, july);
    EXPECT_EQ(change.total, Money{310 * 160 + 800 - (150 * 150 + 500)});
    EXPECT_EQ(change.days, Money{750}) << "a day of ten kWh at 75 fen";
    EXPECT_EQ(change.use, Money{310 * 75}) << "ten more a day";
    EXPECT_EQ(change.shift, Money{0});
    EXPECT_EQ(change.price, Money{3'100});
    EXPECT_EQ(change.others, Money{300});
    EXPECT_EQ(sum(change), change.total);
}

TEST(Comparison, TheSameUseAtDearerTimesIsAShift) {
    MonthUse june = month(30);
    use(june, Band::peak, 1, 100, 100);
    use(june, Band::valley, 1, 100, 50);
    MonthUse july = month(30);
    use(july, Band::peak, 1, 180, 100);
    use(july, Band::valley, 1, 20, 50);
    const MonthChange change = change_between(june, july);
    EXPECT_EQ(change.shift, Money{4'000});
    EXPECT_EQ(change.total, Money{4'000});
    EXPECT_EQ(change.price + change.use + change.days, Money{0});
}

TEST(Comparison, ANewTenantsFirstMonthIsAllUse) {
    MonthUse july = month(10);
    use(july, Band::flat, 1, 7, 83);
    const MonthChange change = change_between(month(0), july);
    EXPECT_EQ(change.use, change.total);
}

RC_GTEST_PROP(Comparison, PartsSumToTheDifference, ()) {
    const auto any = [] {
        MonthUse out = month(*rc::gen::inRange(0, 32));
        for (int i = 0; i < 4; ++i) {
            BillLine line;
            line.key.band = static_cast<Band>(*rc::gen::inRange(0, 5));
            line.key.tier = static_cast<std::uint8_t>(*rc::gen::inRange(1, 4));
            line.quantity = {*rc::gen::inRange<std::int64_t>(0, 100'000'000'000)};
            line.exact = ExactMoney::product(
                line.quantity, {*rc::gen::inRange<std::int64_t>(0, 20'000'000'000'000)});
            add_line(out, line, line.exact.rounded());
        }
        return out;
    };
    const MonthUse earlier = any();
    const MonthUse later = any();
    const MonthChange change = change_between(earlier, later);
    RC_ASSERT(sum(change) == change.total);
    RC_ASSERT(change.rounding.fen <= 8 && change.rounding.fen >= -8);
}

}  // namespace
}  // namespace mb::rules::billing
