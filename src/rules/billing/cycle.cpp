#include "rules/billing/cycle.hpp"

#include "base/integer.hpp"

namespace mb::rules::billing {

CycleId cycle_of(CivilDate on) {
    int year = 0;
    int month = 0;
    int day = 0;
    on.to_ymd(year, month, day);
    return year * 100 + month;
}

CivilDate cycle_from(CycleId cycle) { return CivilDate::from_ymd(cycle / 100, cycle % 100, 1); }

CivilDate cycle_to(CycleId cycle) { return cycle_from(next_cycle(cycle)); }

CycleId next_cycle(CycleId cycle) { return later_cycle(cycle, 1); }

CycleId later_cycle(CycleId cycle, int months) {
    const int all = cycle / 100 * 12 + cycle % 100 - 1 + months;
    return floor_div(all, 12) * 100 + floor_mod(all, 12) + 1;
}

}  // namespace mb::rules::billing
