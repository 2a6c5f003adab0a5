// A tariff version as it is published: the document people write and sign (design §5.6). Instances
// come from JSON; rules/tariff/compiled.hpp judges them. Published documents never change.
#pragma once

#include "base/describe.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mb::rules::tariff {

/// 尖 峰 平 谷 深谷. Meter registers T1…T5 carry them in this order when the tables are equal.
enum class Band : std::uint8_t { sharp, peak, flat, valley, deep_valley };
MB_ENUM(Band, sharp, peak, flat, valley, deep_valley)
constexpr std::size_t band_count = 5;

enum class Commodity : std::uint8_t { electricity, water, gas };
MB_ENUM(Commodity, electricity, water, gas)

/// Where amounts become whole fen: each bill line, or the cycle's total with the lines as its
/// shares.
enum class RoundingPlace : std::uint8_t { line, total };
MB_ENUM(RoundingPlace, line, total)

/// Over what the cumulative quantity of an agreement runs. none: no tiers.
enum class TierCycle : std::uint8_t { none, month, year };
MB_ENUM(TierCycle, none, month, year)

/// [from, to) of a day, "HH:MM" in the project's zone; `to` of the last one is "24:00".
struct TariffPeriod {
    std::string from;
    std::string to;
    Band band = Band::flat;
};
MB_DESCRIBE(TariffPeriod, (from, to, band))

/// Yuan per billing unit in one band and tier. Without a band: in every band of the table. Without
/// a tier: in every tier.
struct TariffPrice {
    std::optional<Band> band;
    std::optional<std::int32_t> tier;  // 1 = first
    Price price;
};
MB_DESCRIBE(TariffPrice, (band, tier, price))

struct TariffDocument {
    std::string code;  // the tariff that agreements name: a–z 0–9 . _ -, 1…64 characters
    std::string name;
    std::int32_t version = 0;  // ≥ 1, counts up within the code
    CivilDate effective_from;  // from 00:00 of this day in the project's zone
    Commodity commodity = Commodity::electricity;
    RoundingPlace rounding = RoundingPlace::line;
    std::vector<TariffPeriod> periods;  // in order from 00:00 to 24:00; empty: flat all day
    TierCycle tier_cycle = TierCycle::none;
    std::vector<Quantity>
        tier_limits;  // upper limits of all tiers but the last, ascending; inclusive
    std::vector<TariffPrice> prices;  // each band of the table × each tier exactly once
};
MB_DESCRIBE(TariffDocument, (code, name, version, effective_from, commodity, rounding, periods,
                             tier_cycle, tier_limits, prices))

}  // namespace mb::rules::tariff
