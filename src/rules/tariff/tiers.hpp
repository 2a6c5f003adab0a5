// Tiers: over what a quantity is counted, and up to where each tier goes (domain A1.2, A1.3).
#pragma once

#include "base/result.hpp"
#include "rules/tariff/document.hpp"
#include "rules/tariff/terms.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace mb::rules::tariff {

constexpr std::size_t max_tiers = 8;

/// Days [from, to) over which a quantity is counted.
struct CycleSpan {
    CivilDate from;
    CivilDate to;

    friend bool operator==(const CycleSpan&, const CycleSpan&) = default;
};
MB_DESCRIBE(CycleSpan, (from, to))

/// limits[i] is the cumulative quantity up to which tier i + 1 goes; the last is unlimited.
using Limits = std::array<Quantity, max_tiers>;

struct TierRule {
    TierCycle cycle = TierCycle::none;
    TierSplit split = TierSplit::share;
    std::uint8_t count = 1;  // 1 … max_tiers
    bool months_in_service = false;

    /// Errors: tariff.limits_without_cycle, tariff.bad_limit, tariff.too_many_tiers,
    /// tariff.bad_household, tariff.malformed_date, tariff.conflicting, tariff.hole,
    /// tariff.overlap.
    static Result<TierRule> compile(const TariffDocument& document);

    /// Empty without tiers.
    [[nodiscard]] CycleSpan cycle_at(CivilDate date) const;
    /// Of a cycle that cycle_at gave.
    [[nodiscard]] Limits limits_of(const CycleSpan& cycle, const Terms& terms) const;

private:
    struct Household {
        std::int32_t people = 0;
        Limits add{};
    };
    [[nodiscard]] Limits of_household(const Limits& limits, std::int32_t people) const;
    [[nodiscard]] CivilDate month_step(CivilDate first, int months) const;

    int start_month_ = 1;
    int start_day_ = 1;
    std::array<Limits, 13> limits_{};  // by month of the cycle's first day; [0] unused
    std::vector<Household> households_;
};

/// First day of the calendar month.
CivilDate month_of(CivilDate date);
/// The same day so many months later, or that month's last day.
CivilDate add_months(CivilDate date, int months, int day);

}  // namespace mb::rules::tariff
