// The calendar month that a use is billed in: part of the key of every bill line.
#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace mb::rules::billing {

/// year × 100 + month: 202607. 0 is "none".
using CycleId = std::int32_t;

CycleId cycle_of(CivilDate on);
/// First day of the month.
CivilDate cycle_from(CycleId cycle);
/// First day after it.
CivilDate cycle_to(CycleId cycle);
CycleId next_cycle(CycleId cycle);
/// So many months later.
CycleId later_cycle(CycleId cycle, int months);

}  // namespace mb::rules::billing
