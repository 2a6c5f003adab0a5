// What an agreement knows that its tariff asks for: people, area, capacity, time of service.
#pragma once

#include "base/describe.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mb::rules::tariff {

/// From that day on so many people live there.
struct Household {
    CivilDate from;
    std::int32_t people = 0;

    friend bool operator==(const Household&, const Household&) = default;
};
MB_DESCRIBE(Household, (from, people))

struct Terms {
    std::vector<Household> households;         // by date; before the first: unknown
    Quantity area;                             // m², four decimals
    Quantity capacity;                         // kVA, four decimals
    std::optional<CivilDate> in_service_from;  // absent: from the first use
    std::optional<CivilDate> in_service_to;    // the first day without; absent: open
    // The months that count for tiers by months in service: those of an earlier occupant may, too.
    std::optional<CivilDate> tiers_from;  // absent: all months count
    std::optional<CivilDate> tiers_to;

    /// 0: unknown.
    [[nodiscard]] std::int32_t people_on(CivilDate date) const;
    /// Whether a day of [from, to) is in service.
    [[nodiscard]] bool in_service(CivilDate from, CivilDate to) const;
    /// Whether a day of [from, to) counts for tiers.
    [[nodiscard]] bool counts_for_tiers(CivilDate from, CivilDate to) const;

    friend bool operator==(const Terms&, const Terms&) = default;
};
MB_DESCRIBE(Terms,
            (households, area, capacity, in_service_from, in_service_to, tiers_from, tiers_to))

}  // namespace mb::rules::tariff
