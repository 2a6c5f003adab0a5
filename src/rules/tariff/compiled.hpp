// A tariff version ready for rating: schedule, tiers, prices. Made from the document and from
// nothing else, so state keeps the document and compiles again on load.
#pragma once

#include "base/result.hpp"
#include "rules/tariff/document.hpp"
#include "rules/tariff/power_factor.hpp"
#include "rules/tariff/price_sets.hpp"
#include "rules/tariff/schedule.hpp"
#include "rules/tariff/tiers.hpp"

#include <optional>
#include <vector>

namespace mb::rules::tariff {

struct CompiledTariff {
    CivilDate effective_from;
    RoundingPlace rounding = RoundingPlace::line;
    Schedule schedule;
    TierRule tiers;
    std::vector<PriceSet> price_sets;  // ascending, without holes between them
    std::vector<Price> per_unit;       // × share
    std::optional<PowerFactorTable> power_factor;

    /// Index of the prices that hold on a day. Errors: tariff.no_price {on}.
    [[nodiscard]] Result<std::size_t> price_set_on(CivilDate on) const;
    /// tier counts from 0 here.
    [[nodiscard]] Price price_of(std::size_t price_set, Band band, std::size_t tier) const {
        return price_sets[price_set].price[static_cast<std::size_t>(band)][tier];
    }
};

/// Judges everything in a document but its examples. Without a calendar (a version that was
/// published before is read back) the holiday years are not judged. Errors: those of
/// docs/reference/tariff.md, all with `pointer`.
Result<CompiledTariff> compile(const TariffDocument& document, const Calendar* calendar);

}  // namespace mb::rules::tariff
