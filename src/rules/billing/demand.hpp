// The largest mean power of a month, from intervals (domain A1.7).
#pragma once

#include "base/result.hpp"
#include "rules/billing/accrual.hpp"

#include <optional>
#include <vector>

namespace mb::rules::billing {

/// kW, over windows that lie whole in [from, to), on the grid of the rule from local midnight on;
/// what no interval covers counts as nothing. nullopt: an interval lies across the grid, the
/// windows cannot be told.
std::optional<Quantity> measured_demand(const std::vector<Interval>& intervals,
                                        const tariff::DemandCharge& rule, const Zone& zone,
                                        CivilDate from, CivilDate to);

}  // namespace mb::rules::billing
