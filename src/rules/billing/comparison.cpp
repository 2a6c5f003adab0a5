#include "rules/billing/comparison.hpp"

#include "base/integer.hpp"

namespace mb::rules::billing {

namespace {

/// 10⁻⁶ fen: with it the products below stay inside 128 bits up to ten billion yuan.
constexpr int128 micro = 1'000'000;

int128 micro_fen(const ExactMoney& exact) {
    return int128{exact.fen} * micro + exact.rest / (ExactMoney::rests_per_fen / 1'000'000);
}

Money fen(int128 value) { return {narrow(round_div<int128>(value, micro))}; }

struct Energy {
    int128 cost = 0;
    std::int64_t units = 0;
};

Energy energy_of(const MonthUse& month) {
    Energy out;
    for (const auto& entry : month.uses) {
        out.cost += micro_fen(entry.second.exact);
        out.units += entry.second.quantity.units;
    }
    return out;
}

/// The later use at the earlier prices.
int128 at_earlier_prices(const MonthUse& earlier, const MonthUse& later) {
    int128 out = 0;
    for (const auto& [key, use] : later.uses) {
        const auto then = earlier.uses.find(key);
        const bool known = then != earlier.uses.end() && then->second.quantity.units > 0;
        out +=
            known ? micro_fen(then->second.exact) * use.quantity.units / then->second.quantity.units
                  : micro_fen(use.exact);
    }
    return out;
}

}  // namespace

void add_line(MonthUse& month, const BillLine& line, Money amount) {
    month.amount += amount;
    const bool use = line.key.item == LineItem::energy || line.key.item == LineItem::free;
    if (!use) {
        month.others += amount;
        return;
    }
    auto& sum = month.uses[{line.key.band,
                            line.key.item == LineItem::free ? std::uint8_t{0} : line.key.tier}];
    sum.quantity += line.quantity;
    sum.exact += line.exact;
}

MonthChange change_between(const MonthUse& earlier, const MonthUse& later) {
    const Energy before = energy_of(earlier);
    const Energy now = energy_of(later);
    MonthChange out;
    out.total = later.amount - earlier.amount;
    out.others = later.others - earlier.others;
    if (before.units == 0 || earlier.days == 0) {
        out.use = fen(now.cost - before.cost);
    } else {
        const int128 same_mix = before.cost * now.units / before.units;
        const int128 more_days = before.cost * (later.days - earlier.days) / earlier.days;
        const int128 same_prices = at_earlier_prices(earlier, later);
        out.days = fen(more_days);
        out.use = fen(same_mix - before.cost - more_days);
        out.shift = fen(same_prices - same_mix);
        out.price = fen(now.cost - same_prices);
    }
    out.rounding = out.total - out.days - out.use - out.shift - out.price - out.others;
    return out;
}

}  // namespace mb::rules::billing
