#include "rules/tariff/schedule.hpp"

#include "base/check.hpp"
#include "rules/tariff/pointer.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <string>

namespace mb::rules::tariff {

namespace {

constexpr std::size_t kind_holiday = 7;
constexpr std::size_t kind_makeup = 8;
constexpr std::array<std::string_view, day_kinds> kind_names = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday", "makeup"};

std::string clock_text(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

bool known(Band band) { return static_cast<std::size_t>(band) < band_count; }

bool two_digits(std::string_view text, std::size_t at) {
    return text[at] >= '0' && text[at] <= '9' && text[at + 1] >= '0' && text[at + 1] <= '9';
}
int number_at(std::string_view text, std::size_t at) {
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

std::size_t day_of(int month, int day) {
    const CivilDate first = CivilDate::from_ymd(2024, 1, 1);
    return static_cast<std::size_t>(CivilDate::from_ymd(2024, month, day).days - first.days);
}

/// One word of `days`; nullopt when there is no such word. Tells whether it needs the calendar.
std::optional<DayKinds> kinds_of(std::string_view word, bool& needs_calendar) {
    const auto name = std::find(kind_names.begin(), kind_names.end(), word);
    if (name != kind_names.end()) {
        const auto kind = static_cast<std::size_t>(name - kind_names.begin());
        needs_calendar = needs_calendar || kind >= kind_holiday;
        return DayKinds().set(kind);
    }
    if (word == "weekend") {
        return DayKinds().set(5).set(6);
    }
    if (word == "workday" || word == "restday") {
        needs_calendar = true;
        return word == "workday" ? DayKinds(0b1'0001'1111) : DayKinds(0b0'1110'0000);
    }
    return std::nullopt;
}

Error at_place(Error e, std::string pointer) {
    return std::move(e).with("pointer", std::move(pointer));
}

template <class T>
Result<T> placed(Result<T> result, const std::string& pointer) {
    if (!result) {
        return fail(at_place(std::move(result).error(), pointer));
    }
    return result;
}

}  // namespace

Result<int> parse_minutes(std::string_view text) {
    const bool form =
        text.size() == 5 && text[2] == ':' && two_digits(text, 0) && two_digits(text, 3);
    const int hour = form ? number_at(text, 0) : 99;
    const int minute = form ? number_at(text, 3) : 99;
    const int out = hour * 60 + minute;
    if (minute > 59 || out > minutes_per_day) {
        return fail(error("tariff.malformed_time", ErrorKind::unprocessable)
                        .with("text", std::string(text.substr(0, 40))));
    }
    return out;
}

Result<std::size_t> parse_year_day(std::string_view text) {
    constexpr std::array<int, 13> length = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool form =
        text.size() == 5 && text[2] == '-' && two_digits(text, 0) && two_digits(text, 3);
    const int month = form ? number_at(text, 0) : 0;
    const int day = form ? number_at(text, 3) : 0;
    if (month < 1 || month > 12 || day < 1 || day > length[static_cast<std::size_t>(month)]) {
        return fail(error("tariff.malformed_date", ErrorKind::unprocessable)
                        .with("text", std::string(text.substr(0, 40))));
    }
    return day_of(month, day);
}

std::size_t year_day_of(CivilDate date) {
    int year = 0;
    int month = 0;
    int day = 0;
    date.to_ymd(year, month, day);
    return day_of(month, day);
}

/// Reads the parts of a document into a schedule.
struct Schedule::Reader {
    Schedule& out;

    /// Neither reversed nor empty nor overlapping; with `whole` from 00:00 to 24:00 without hole.
    Result<std::vector<CompiledPeriod>> periods(const std::vector<TariffPeriod>& list, bool whole,
                                                const std::string& pointer) const {
        std::vector<CompiledPeriod> result;
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (!result.empty() && result.back().to == minutes_per_day) {
                return fail(refusal("tariff.not_last", below(below(pointer, i - 1), "to")));
            }
            result.push_back(TRY(period(list[i], result, whole, below(pointer, i))));
            out.has_band_[static_cast<std::size_t>(list[i].band)] = true;
        }
        if (whole && (result.empty() || result.back().to != minutes_per_day)) {
            return fail(refusal("tariff.hole", result.empty()
                                                   ? pointer
                                                   : below(below(pointer, result.size() - 1), "to"))
                            .with("expected", "24:00"));
        }
        if (result.empty()) {
            return fail(refusal("tariff.hole", pointer));
        }
        return result;
    }

    static Result<CompiledPeriod> period(const TariffPeriod& period,
                                         const std::vector<CompiledPeriod>& before, bool whole,
                                         const std::string& pointer) {
        const int from = TRY(placed(parse_minutes(period.from), below(pointer, "from")));
        const int to = TRY(placed(parse_minutes(period.to), below(pointer, "to")));
        const int expected = before.empty() ? 0 : before.back().to;
        if (!known(period.band)) {
            return fail(refusal("tariff.unknown_band", below(pointer, "band")));
        }
        if (from == minutes_per_day) {
            return fail(refusal("tariff.not_last", below(pointer, "from")));
        }
        if (from == to || to == 0) {
            return fail(refusal("tariff.empty_period", pointer));
        }
        if (from > to) {
            return fail(refusal("tariff.reversed_period", pointer));
        }
        if (whole && from != expected) {
            return fail(
                refusal(from < expected ? "tariff.overlap" : "tariff.hole", below(pointer, "from"))
                    .with("expected", clock_text(expected)));
        }
        if (from < expected) {
            return fail(refusal("tariff.overlap", below(pointer, "from")));
        }
        return CompiledPeriod{static_cast<std::int16_t>(from), static_cast<std::int16_t>(to),
                              period.band};
    }

    /// `taken`: days of other ranges that these may not share.
    static Result<YearDays> dates(const std::vector<DateRange>& ranges, const YearDays& taken,
                                  const std::string& pointer) {
        YearDays result;
        for (std::size_t i = 0; i < ranges.size(); ++i) {
            const std::string place = below(pointer, i);
            const std::size_t from =
                TRY(placed(parse_year_day(ranges[i].from), below(place, "from")));
            const std::size_t to = TRY(placed(parse_year_day(ranges[i].to), below(place, "to")));
            for (std::size_t day = from;; day = (day + 1) % days_of_leap_year) {
                if (result.test(day) || taken.test(day)) {
                    return fail(refusal("tariff.overlap", place));
                }
                result.set(day);
                if (day == to) {
                    break;
                }
            }
        }
        return result;
    }

    /// `taken`: kinds of other tables that these may not share.
    Result<DayKinds> kinds(const std::vector<std::string>& words, const DayKinds& taken,
                           const std::string& pointer) const {
        DayKinds result;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const auto one = kinds_of(words[i], out.needs_calendar_);
            if (!one) {
                return fail(refusal("tariff.bad_day", below(pointer, i))
                                .with("text", words[i].substr(0, 40)));
            }
            if ((*one & (result | taken)).any()) {
                return fail(refusal("tariff.overlap", below(pointer, i)).with("text", words[i]));
            }
            result |= *one;
        }
        return result;
    }

    Result<void> season(const Season& season, const std::string& pointer) const {
        std::array<std::uint16_t, day_kinds> by_kind{};
        DayKinds covered;
        for (std::size_t i = 0; i < season.tables.size(); ++i) {
            const SeasonTable& table = season.tables[i];
            const std::string place = below(below(pointer, "tables"), i);
            if (table.days.empty() && covered.any()) {
                return fail(refusal("tariff.overlap", place));
            }
            const DayKinds days = table.days.empty()
                                      ? DayKinds().set()
                                      : TRY(kinds(table.days, covered, below(place, "days")));
            covered |= days;
            out.tables_.push_back(TRY(periods(table.periods, true, below(place, "periods"))));
            for (std::size_t kind = 0; kind < day_kinds; ++kind) {
                if (days.test(kind)) {
                    by_kind[kind] = static_cast<std::uint16_t>(out.tables_.size() - 1);
                }
            }
        }
        const DayKinds needed = out.needs_calendar_ ? DayKinds().set() : DayKinds(0b0'0111'1111);
        const DayKinds missing = needed & ~covered;
        if (missing.any()) {
            std::size_t kind = 0;
            while (!missing.test(kind)) {
                ++kind;
            }
            return fail(refusal("tariff.hole", below(pointer, "tables"))
                            .with("day", std::string(kind_names[kind])));
        }
        out.seasons_.push_back(by_kind);
        return {};
    }

    /// Each of the 366 days in one season.
    Result<void> season_dates(const std::vector<Season>& seasons) const {
        YearDays covered;
        for (std::size_t i = 0; i < seasons.size(); ++i) {
            const std::string place = below(below("/seasons", i), "dates");
            if (seasons[i].dates.empty() && covered.any()) {
                return fail(refusal("tariff.overlap", below("/seasons", i)));
            }
            const YearDays days = seasons[i].dates.empty()
                                      ? YearDays().set()
                                      : TRY(dates(seasons[i].dates, covered, place));
            covered |= days;
            for (std::size_t day = 0; day < days_of_leap_year; ++day) {
                if (days.test(day)) {
                    out.season_of_[day] = static_cast<std::uint16_t>(i);
                }
            }
        }
        for (std::size_t day = 0; day < days_of_leap_year; ++day) {
            if (!covered.test(day)) {
                const CivilDate date = CivilDate::from_ymd(2024, 1, 1) + static_cast<int>(day);
                return fail(refusal("tariff.hole", "/seasons").with("day", date.text().substr(5)));
            }
        }
        return {};
    }

    Result<void> exception(const ScheduleException& exception, const std::string& pointer) const {
        if (exception.dates.empty() && exception.on.empty() && exception.days.empty() &&
            exception.holidays.empty()) {
            return fail(refusal("tariff.no_condition", pointer));
        }
        Exception result;
        result.dates = TRY(dates(exception.dates, {}, below(pointer, "dates")));
        result.on = exception.on;
        result.days = TRY(kinds(exception.days, {}, below(pointer, "days")));
        for (const Holiday holiday : exception.holidays) {
            result.holidays.set(static_cast<std::size_t>(holiday));
            out.needs_calendar_ = true;
        }
        result.periods = TRY(periods(exception.periods, false, below(pointer, "periods")));
        out.exceptions_.push_back(std::move(result));
        return {};
    }

    Result<void> all(const TariffDocument& document) const {
        if (!document.periods.empty() && !document.seasons.empty()) {
            return fail(refusal("tariff.conflicting", "/seasons").with("with", "periods"));
        }
        for (std::size_t i = 0; i < document.exceptions.size(); ++i) {
            TRY_VOID(exception(document.exceptions[i], below("/exceptions", i)));
        }
        if (!document.seasons.empty()) {
            look_for_calendar_words(document.seasons);
            for (std::size_t i = 0; i < document.seasons.size(); ++i) {
                TRY_VOID(season(document.seasons[i], below("/seasons", i)));
            }
            return season_dates(document.seasons);
        }
        out.seasons_.push_back({});
        if (document.periods.empty()) {
            out.tables_.push_back({CompiledPeriod{}});
            out.has_band_[static_cast<std::size_t>(Band::flat)] = true;
        } else {
            out.tables_.push_back(TRY(periods(document.periods, true, "/periods")));
        }
        return {};
    }

    /// Whether all nine kinds must be covered depends on every word of the document.
    void look_for_calendar_words(const std::vector<Season>& seasons) const {
        for (const Season& season : seasons) {
            for (const SeasonTable& table : season.tables) {
                for (const std::string& word : table.days) {
                    (void)kinds_of(word, out.needs_calendar_);
                }
            }
        }
    }
};

Result<Schedule> Schedule::compile(const TariffDocument& document, const Calendar* calendar) {
    Schedule out;
    TRY_VOID(Reader{out}.all(document));
    int year = 0;
    int month = 0;
    int day = 0;
    document.effective_from.to_ymd(year, month, day);
    if (out.needs_calendar_ && calendar != nullptr && !calendar->has_year(year)) {
        return fail(
            refusal("tariff.no_calendar", "/effective_from").with("year", std::to_string(year)));
    }
    return out;
}

bool Schedule::Exception::holds_on(CivilDate date, std::size_t year_day, std::size_t kind,
                                   const SpecialDay* special) const {
    return (dates.none() || dates.test(year_day)) &&
           (on.empty() || std::find(on.begin(), on.end(), date) != on.end()) &&
           (days.none() || days.test(kind)) &&
           (holidays.none() || (special != nullptr && !special->worked &&
                                holidays.test(static_cast<std::size_t>(special->holiday))));
}

Result<CompiledPeriod> Schedule::period_at(const Calendar& calendar, CivilDate date,
                                           int minute) const {
    DCHECK(minute >= 0 && minute < minutes_per_day);
    const SpecialDay* special = nullptr;
    std::size_t kind = static_cast<std::size_t>(date.weekday() - 1);
    if (needs_calendar_) {
        int year = 0;
        int month = 0;
        int day = 0;
        date.to_ymd(year, month, day);
        if (!calendar.has_year(year)) {
            return fail(error("tariff.no_calendar", ErrorKind::unprocessable)
                            .with("year", std::to_string(year)));
        }
        special = calendar.find(date);
        if (special != nullptr) {
            kind = special->worked ? kind_makeup : kind_holiday;
        }
    }
    const std::size_t year_day = year_day_of(date);
    CompiledPeriod out{0, minutes_per_day, Band::flat};
    // The season's table and, later ones first, the exceptions; those passed over narrow the
    // bounds.
    const auto look = [&](const std::vector<CompiledPeriod>& periods) {
        for (const CompiledPeriod& period : periods) {
            if (period.to <= minute) {
                out.from = std::max(out.from, period.to);
            } else if (period.from > minute) {
                out.to = std::min(out.to, period.from);
                break;
            } else {
                out = {std::max(out.from, period.from), std::min(out.to, period.to), period.band};
                return true;
            }
        }
        return false;
    };
    for (auto exception = exceptions_.rbegin(); exception != exceptions_.rend(); ++exception) {
        if (exception->holds_on(date, year_day, kind, special) && look(exception->periods)) {
            return out;
        }
    }
    look(tables_[seasons_[season_of_[year_day]][kind]]);  // a whole day: it answers
    return out;
}

}  // namespace mb::rules::tariff
