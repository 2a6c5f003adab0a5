// Cutting time where a price may change: band bounds, base prices, versions, months, tier cycles,
// clock changes.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/billing/cycle.hpp"
#include "rules/calendar.hpp"
#include "rules/tariff/book.hpp"
#include "rules/tariff/terms.hpp"

#include <cstdint>
#include <vector>

namespace mb::rules::billing {

/// What rating looks at besides the use: the same facts give the same bill.
struct RatingFacts {
    const tariff::TariffBook& book;
    const Calendar& calendar;
    const Zone& zone;
    const tariff::Terms& terms;

    /// The version in force on a day, before the first one the first. nullptr: unknown code.
    [[nodiscard]] const tariff::TariffVersion* version_on(std::int32_t code_index,
                                                          CivilDate on) const {
        const auto* version = book.version_in_force(code_index, on);
        const auto versions = version == nullptr ? book.versions(code_index)
                                                 : std::vector<const tariff::TariffVersion*>();
        return versions.empty() ? version : versions.front();
    }
};

/// [from, to) with one version, base price, band, month and tier cycle.
struct Stretch {
    Instant from;
    Instant to;
    const tariff::TariffVersion* version = nullptr;
    std::uint16_t price_set = 0;
    tariff::Band band = tariff::Band::flat;
    CycleId cycle = 0;
    tariff::CycleSpan tier_cycle;

    [[nodiscard]] bool same_price(const Stretch& other) const {
        return version == other.version && price_set == other.price_set && band == other.band &&
               cycle == other.cycle && tier_cycle == other.tier_cycle;
    }
};

/// From `at` to the next bound, the end of the local day at the latest. Errors:
/// tariff.none_in_force {on}, tariff.no_price {on}, tariff.no_calendar {year}.
Result<Stretch> stretch_at(const RatingFacts& facts, std::int32_t code_index, Instant at);

/// All of [from, to), neighbours of one price joined. Errors: as stretch_at.
Result<std::vector<Stretch>> stretches_between(const RatingFacts& facts, std::int32_t code_index,
                                               Instant from, Instant to);

/// A day as a whole in one band, for a use of which only the day is known. Errors: as stretch_at;
/// tariff.no_price {band, on} when the tariff does not know the band.
Result<Stretch> stretch_on(const RatingFacts& facts, std::int32_t code_index, CivilDate on,
                           tariff::Band band);

}  // namespace mb::rules::billing
