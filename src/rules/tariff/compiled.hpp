// A tariff version ready for rating: minute bounds, price by band and tier, limits. Made from the
// document and from nothing else, so state keeps the document and compiles again on load.
#pragma once

#include "base/result.hpp"
#include "rules/tariff/document.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace mb::rules::tariff {

constexpr std::size_t max_tiers = 8;
constexpr int minutes_per_day = 1440;
/// Sanity bound of a price: 10 000 yuan per billing unit.
constexpr Price max_price{10'000 * 10'000'000'000'000};

/// Minutes [from, to) of the day in one band.
struct CompiledPeriod {
    std::int16_t from = 0;
    std::int16_t to = minutes_per_day;
    Band band = Band::flat;
};

struct CompiledTariff {
    CivilDate effective_from;
    RoundingPlace rounding = RoundingPlace::line;
    TierCycle tier_cycle = TierCycle::none;
    std::vector<CompiledPeriod> periods;  // sorted, gapless, whole day
    std::array<bool, band_count> has_band{};
    std::uint8_t tiers = 1;  // 1…max_tiers
    /// limits[i] is the cumulative quantity up to which tier i + 1 goes; the last is unlimited.
    std::array<Quantity, max_tiers> limits{};
    std::array<std::array<Price, max_tiers>, band_count> price{};

    /// minute_of_day in [0, 1440).
    [[nodiscard]] const CompiledPeriod& period_at(int minute_of_day) const;
    /// tier counts from 0 here.
    [[nodiscard]] Price price_of(Band band, std::size_t tier) const {
        return price[static_cast<std::size_t>(band)][tier];
    }
};

/// Errors, all with `pointer` (JSON pointer into the document): tariff.bad_code,
/// tariff.bad_version, tariff.malformed_time, tariff.empty_period (00:00–00:00),
/// tariff.reversed_period, tariff.hole, tariff.overlap, tariff.not_last (24:00 before the last
/// period), tariff.limits_without_cycle, tariff.bad_limit (not positive, not ascending),
/// tariff.too_many_tiers, tariff.unknown_band, tariff.unknown_tier, tariff.negative_price,
/// tariff.price_too_high, tariff.double_price, tariff.missing_price {band, tier}.
Result<CompiledTariff> compile(const TariffDocument& document);

/// "00:00" … "23:59" → minutes; "24:00" → 1440. Errors: tariff.malformed_time.
Result<int> parse_minutes(std::string_view text);

}  // namespace mb::rules::tariff
