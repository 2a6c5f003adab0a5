// When which band is: periods of the day by season, kind of day and exception, ready to ask.
#pragma once

#include "base/result.hpp"
#include "rules/calendar.hpp"
#include "rules/tariff/document.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

namespace mb::rules::tariff {

constexpr int minutes_per_day = 1440;
constexpr std::size_t days_of_leap_year = 366;

/// Minutes [from, to) of the day in one band.
struct CompiledPeriod {
    std::int16_t from = 0;
    std::int16_t to = minutes_per_day;
    Band band = Band::flat;
};

/// mon … sun (0 … 6), holiday, makeup.
constexpr std::size_t day_kinds = 9;
using DayKinds = std::bitset<day_kinds>;
using YearDays = std::bitset<days_of_leap_year>;  // of a leap year, 0 = 1 January

class Schedule {
public:
    /// Errors: of tariff.md about periods, seasons, exceptions, days; tariff.no_calendar {year}
    /// when the document needs a calendar that lacks the year of effective_from.
    static Result<Schedule> compile(const TariffDocument& document, const Calendar* calendar);

    /// The band at a minute in [0, 1440) of a date, with the bounds within which it surely stays.
    /// Errors: tariff.no_calendar {year}.
    [[nodiscard]] Result<CompiledPeriod> period_at(const Calendar& calendar, CivilDate date,
                                                   int minute) const;
    [[nodiscard]] const std::array<bool, band_count>& bands() const { return has_band_; }

private:
    struct Exception {
        YearDays dates;             // none: any
        std::vector<CivilDate> on;  // empty: any
        DayKinds days;              // none: any
        std::bitset<8> holidays;    // by Holiday; none: any
        std::vector<CompiledPeriod> periods;

        [[nodiscard]] bool holds_on(CivilDate date, std::size_t year_day, std::size_t kind,
                                    const SpecialDay* special) const;
    };
    struct Reader;

    bool needs_calendar_ = false;
    std::array<bool, band_count> has_band_{};
    std::vector<std::vector<CompiledPeriod>> tables_;            // whole days
    std::vector<std::array<std::uint16_t, day_kinds>> seasons_;  // kind → table
    std::array<std::uint16_t, days_of_leap_year> season_of_{};
    std::vector<Exception> exceptions_;
};

/// "00:00" … "23:59" → minutes; "24:00" → 1440. Errors: tariff.malformed_time.
Result<int> parse_minutes(std::string_view text);

/// "MM-DD" → day of a leap year from 0. Errors: tariff.malformed_date.
Result<std::size_t> parse_year_day(std::string_view text);

/// Day of a leap year from 0.
std::size_t year_day_of(CivilDate date);

}  // namespace mb::rules::tariff
