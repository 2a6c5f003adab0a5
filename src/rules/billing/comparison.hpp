// Why a month costs more than another: its days, how much was used a day, when and in which tier,
// the prices, and what is no use at all. The parts sum to the difference.
#pragma once

#include "base/money.hpp"
#include "rules/billing/accrual.hpp"

#include <cstdint>
#include <map>
#include <utility>

namespace mb::rules::billing {

/// What a month was billed for.
struct MonthUse {
    using Key = std::pair<tariff::Band, std::uint8_t>;  // band, tier
    struct Use {
        Quantity quantity;
        ExactMoney exact;
    };

    std::int32_t days = 0;    // that were metered
    std::map<Key, Use> uses;  // energy and free quantity; free is tier 0
    Money others;             // funds, fees, demand, power factor, subsidies
    Money amount;             // of the month, in all
};

/// Adds a line with what it comes to.
void add_line(MonthUse& month, const BillLine& line, Money amount);

/// later − earlier = days + use + shift + price + others + rounding.
struct MonthChange {
    Money total;
    Money days;   // more or fewer days, at the earlier use and price
    Money use;    // more or less used a day
    Money shift;  // at other times of the day, in other tiers
    Money price;  // the same use at other prices
    Money others;
    Money rounding;  // of lines and parts to fen
};
MB_DESCRIBE(MonthChange, (total, days, use, shift, price, others, rounding))

/// A band or tier that the earlier month did not have counts at the later one's price. Without use
/// in the earlier month all that was used is `use`.
MonthChange change_between(const MonthUse& earlier, const MonthUse& later);

}  // namespace mb::rules::billing
