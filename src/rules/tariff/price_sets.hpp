// Prices by band and tier, and on which days they hold.
#pragma once

#include "base/result.hpp"
#include "rules/tariff/document.hpp"
#include "rules/tariff/tiers.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace mb::rules::tariff {

/// Sanity bound of a price: 10 000 yuan per billing unit.
constexpr Price max_price{10'000 * 10'000'000'000'000};
constexpr int price_places = 13;
constexpr CivilDate end_of_time{INT32_MAX};

struct PriceSet {
    CivilDate from;
    CivilDate to = end_of_time;  // the first day without
    std::array<std::array<Price, max_tiers>, band_count> price{};
};

/// Ascending, without holes between them. Errors: tariff.missing_price {band, tier},
/// tariff.double_price, tariff.unknown_band, tariff.unknown_tier, tariff.negative_price,
/// tariff.price_too_high, tariff.inexact_price, tariff.hole, tariff.overlap, tariff.conflicting.
Result<std::vector<PriceSet>> compile_prices(const TariffDocument& document,
                                             const std::array<bool, band_count>& bands,
                                             std::size_t tiers);

/// quantity-free product of a price and a factor; nullopt when it has more than 13 decimals.
std::optional<Price> exact_product(Price price, Ratio factor);

}  // namespace mb::rules::tariff
