// Statutory holidays and the working days made up for them (调休): what tariffs and credit control
// call a working day.
#pragma once

#include "base/describe.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace mb::rules {

enum class Holiday : std::uint8_t {
    new_year,         // 元旦
    spring_festival,  // 春节
    tomb_sweeping,    // 清明
    labour_day,       // 劳动节
    dragon_boat,      // 端午
    mid_autumn,       // 中秋
    national_day,     // 国庆节
};
MB_ENUM(Holiday, new_year, spring_festival, tomb_sweeping, labour_day, dragon_boat, mid_autumn,
        national_day)

/// A date that is not what its weekday says.
struct SpecialDay {
    CivilDate date;
    bool worked = false;  // a day made up, else a day off
    Holiday holiday = Holiday::new_year;

    friend bool operator==(const SpecialDay&, const SpecialDay&) = default;
};
MB_DESCRIBE(SpecialDay, (date, worked, holiday))

struct Calendar {
    std::vector<SpecialDay> days;  // by date, each once

    [[nodiscard]] const SpecialDay* find(CivilDate date) const;
    /// A year without any special day was not announced yet.
    [[nodiscard]] bool has_year(int year) const;
    /// A date that is not special is worked from Monday to Friday.
    [[nodiscard]] bool is_working_day(CivilDate date) const;

    friend bool operator==(const Calendar&, const Calendar&) = default;
};
MB_DESCRIBE(Calendar, (days))

}  // namespace mb::rules
