#include "rules/calendar.hpp"

#include <algorithm>

namespace mb::rules {

namespace {

std::vector<SpecialDay>::const_iterator not_before(const std::vector<SpecialDay>& days,
                                                   CivilDate date) {
    return std::lower_bound(days.begin(), days.end(), date,
                            [](const SpecialDay& day, CivilDate at) { return day.date < at; });
}

}  // namespace

const SpecialDay* Calendar::find(CivilDate date) const {
    const auto at = not_before(days, date);
    return at != days.end() && at->date == date ? &*at : nullptr;
}

bool Calendar::has_year(int year) const {
    const auto at = not_before(days, CivilDate::from_ymd(year, 1, 1));
    return at != days.end() && at->date < CivilDate::from_ymd(year + 1, 1, 1);
}

bool Calendar::is_working_day(CivilDate date) const {
    const SpecialDay* day = find(date);
    return day != nullptr ? day->worked : date.weekday() <= 5;
}

}  // namespace mb::rules
