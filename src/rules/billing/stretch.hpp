// Cutting time where a price may change: band bounds, version changes, cycle bounds, clock changes.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/billing/cycle.hpp"
#include "rules/tariff/book.hpp"

#include <vector>

namespace mb::rules::billing {

/// [from, to) with one version, band and cycle.
struct Stretch {
    Instant from;
    Instant to;
    const tariff::TariffVersion* version = nullptr;
    tariff::Band band = tariff::Band::flat;
    CycleId cycle = 0;

    [[nodiscard]] bool same_price(const Stretch& other) const {
        return version == other.version && band == other.band && cycle == other.cycle;
    }
};

/// From `at` to the next bound, the end of the local day at the latest. Errors:
/// tariff.none_in_force {on}.
Result<Stretch> stretch_at(const tariff::TariffBook& book, std::int32_t code_index,
                           const Zone& zone, Instant at);

/// All of [from, to), neighbours of one price joined. Errors: tariff.none_in_force {on}.
Result<std::vector<Stretch>> stretches_between(const tariff::TariffBook& book,
                                               std::int32_t code_index, const Zone& zone,
                                               Instant from, Instant to);

}  // namespace mb::rules::billing
