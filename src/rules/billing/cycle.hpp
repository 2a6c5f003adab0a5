// The cycle a use falls in, by its civil date: the key of cumulative quantities and of bill lines.
#pragma once

#include "base/time.hpp"
#include "rules/tariff/document.hpp"

#include <cstdint>

namespace mb::rules::billing {

/// year × 100 + month; a year is year × 100 (202600). Tariffs without tiers bill by the month, so
/// that the running total starts again with each month's bill. 0 is "none".
using CycleId = std::int32_t;

CycleId cycle_of(tariff::TierCycle kind, CivilDate on);
/// First day of the cycle.
CivilDate cycle_from(CycleId cycle);
/// First day after it.
CivilDate cycle_to(CycleId cycle);

}  // namespace mb::rules::billing
