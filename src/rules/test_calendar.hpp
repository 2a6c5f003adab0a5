// A calendar for tests.
#pragma once

#include "rules/calendar.hpp"

namespace mb::rules::test {

/// Some days of 2026: 1 January off, Sunday 4 January worked; 1 to 7 October off (with a Saturday
/// and a Sunday), Saturday 10 October worked.
inline Calendar calendar_of_2026() {
    const auto day = [](int month, int number) { return CivilDate::from_ymd(2026, month, number); };
    Calendar out;
    out.days = {{day(1, 1), false, Holiday::new_year}, {day(1, 4), true, Holiday::new_year}};
    for (int number = 1; number <= 7; ++number) {
        out.days.push_back({day(10, number), false, Holiday::national_day});
    }
    out.days.push_back({day(10, 10), true, Holiday::national_day});
    return out;
}

}  // namespace mb::rules::test
