// Legal caps by user class and date (domain A1.12, B1): a tariff above one is refused.
#pragma once

#include "base/result.hpp"
#include "rules/tariff/compiled.hpp"
#include "rules/tariff/document.hpp"

#include <vector>

namespace mb::rules::tariff {

/// Every energy price with all per_unit prices against every cap of the document's class that holds
/// on a day on which the price can be in force. Errors: tariff.above_cap {cap, class, from, price,
/// band, tier} at the price; tariff.negative_price, tariff.reversed_period at `pointer`/i.
Result<void> judge_caps(const TariffDocument& document, const CompiledTariff& compiled,
                        const std::vector<PriceCap>& caps, const std::string& pointer);

}  // namespace mb::rules::tariff
