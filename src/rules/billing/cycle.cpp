#include "rules/billing/cycle.hpp"

namespace mb::rules::billing {

CycleId cycle_of(tariff::TierCycle kind, CivilDate on) {
    int year = 0;
    int month = 0;
    int day = 0;
    on.to_ymd(year, month, day);
    return year * 100 + (kind == tariff::TierCycle::year ? 0 : month);
}

CivilDate cycle_from(CycleId cycle) {
    const int month = cycle % 100;
    return CivilDate::from_ymd(cycle / 100, month == 0 ? 1 : month, 1);
}

CivilDate cycle_to(CycleId cycle) {
    const int month = cycle % 100;
    const bool to_next_year = month == 0 || month == 12;
    return CivilDate::from_ymd(cycle / 100 + (to_next_year ? 1 : 0), to_next_year ? 1 : month + 1,
                               1);
}

}  // namespace mb::rules::billing
