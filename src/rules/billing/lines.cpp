#include "rules/billing/lines.hpp"

#include <algorithm>

namespace mb::rules::billing {

std::uint32_t line_for(AgreementAccrual& accrual, const LineKey& key,
                       tariff::RoundingPlace rounding) {
    auto& lines = accrual.lines;
    for (std::size_t i = lines.size(); i > 0; --i) {
        if (lines[i - 1].key == key) {
            return static_cast<std::uint32_t>(i - 1);
        }
    }
    BillLine line;
    line.id = accrual.next_line_id++;
    line.key = key;
    line.rounding = rounding;
    lines.push_back(line);
    return static_cast<std::uint32_t>(lines.size() - 1);
}

std::uint32_t use_for(AgreementAccrual& accrual, const tariff::CycleSpan& cycle) {
    auto& uses = accrual.uses;
    for (std::size_t i = uses.size(); i > 0; --i) {
        if (uses[i - 1].cycle == cycle) {
            return static_cast<std::uint32_t>(i - 1);
        }
    }
    uses.push_back({cycle, {}});
    return static_cast<std::uint32_t>(uses.size() - 1);
}

std::int32_t total_for(AgreementAccrual& accrual, CycleId cycle, tariff::RoundingPlace rounding) {
    if (rounding == tariff::RoundingPlace::line) {
        return -1;
    }
    auto& totals = accrual.totals;
    const auto it = std::find_if(totals.begin(), totals.end(),
                                 [&](const CycleTotal& t) { return t.cycle == cycle; });
    if (it != totals.end()) {
        return static_cast<std::int32_t>(it - totals.begin());
    }
    totals.push_back({cycle, {}});
    return static_cast<std::int32_t>(totals.size() - 1);
}

Money add_exact(AgreementAccrual& accrual, BillLine& line, std::int32_t total,
                const ExactMoney& exact) {
    ExactMoney& rounded =
        total < 0 ? line.exact : accrual.totals[static_cast<std::size_t>(total)].exact;
    if (total >= 0) {
        line.exact += exact;
    }
    const Money before = rounded.rounded();
    rounded += exact;
    const Money change = rounded.rounded() - before;
    accrual.pending += change;
    return change;
}

Money set_line(AgreementAccrual& accrual, BillLine& line, std::int32_t total, Quantity quantity,
               const ExactMoney& exact) {
    line.quantity = quantity;
    return add_exact(accrual, line, total,
                     ExactMoney::from_rests(exact.rests() - line.exact.rests()));
}

/// A key that the version cannot have given, as of a damaged row, has no price either.
Price unit_price(const tariff::TariffVersion& version, const LineKey& key) {
    const tariff::CompiledTariff& compiled = version.compiled;
    switch (key.item) {
        case LineItem::energy:
            return key.tier >= 1 && key.tier <= compiled.tiers.count &&
                           static_cast<std::size_t>(key.band) < tariff::band_count &&
                           key.price_set < compiled.price_sets.size()
                       ? compiled.price_of(key.price_set, key.band, key.tier - 1U)
                       : Price{};
        case LineItem::per_unit:
            return key.index < compiled.per_unit.size() ? compiled.per_unit[key.index] : Price{};
        case LineItem::fixed: {
            const auto& fees = version.document.fixed;
            constexpr std::int64_t per_fee_unit = 1'000'000'000;  // 10⁻¹³ in 10⁻⁴
            return key.index < fees.size() ? Price{fees[key.index].price.units * per_fee_unit}
                                           : Price{};
        }
        case LineItem::demand:
        case LineItem::capacity:
            return version.document.demand ? version.document.demand->price : Price{};
        case LineItem::free:
        case LineItem::power_factor:
        case LineItem::subsidy: return {};
    }
    return {};
}

std::string item_name(const tariff::TariffVersion& version, const LineKey& key) {
    switch (key.item) {
        case LineItem::per_unit: return version.document.per_unit[key.index].item;
        case LineItem::fixed: return version.document.fixed[key.index].item;
        default: return std::string(enum_text(key.item));
    }
}

std::string unit_name(const tariff::TariffVersion& version, const LineKey& key) {
    switch (key.item) {
        case LineItem::energy:
        case LineItem::free:
        case LineItem::per_unit:
            return version.document.commodity == tariff::Commodity::electricity ? "kWh" : "m³";
        case LineItem::fixed:
            return version.document.fixed[key.index].per == tariff::FixedPer::month ? "month"
                                                                                    : "m²";
        case LineItem::demand: return "kW";
        case LineItem::capacity: return "kVA";
        case LineItem::power_factor: return "pf";
        case LineItem::subsidy: return "yuan";
    }
    return "";
}

}  // namespace mb::rules::billing
