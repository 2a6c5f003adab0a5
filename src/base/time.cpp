#include "base/time.hpp"

#include "base/check.hpp"
#include "base/integer.hpp"

#include <date/date.h>
#include <date/tz.h>
#include <cstdio>

namespace mb {

namespace {

constexpr std::int64_t us_per_day = 86'400'000'000;

using SysUs = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

SysUs to_sys(Instant at) { return SysUs(std::chrono::microseconds(at.us)); }

bool digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
    if (at + count > text.size()) {
        return false;
    }
    out = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        out = out * 10 + (text[i] - '0');
    }
    return true;
}

std::string clock_text(CivilDate date, std::int64_t us_of_day) {
    char buffer[48];
    const std::int64_t seconds = us_of_day / 1'000'000;
    const std::int64_t us = us_of_day % 1'000'000;
    int n =
        std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                      static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
    if (us != 0) {
        std::snprintf(buffer + n, sizeof buffer - static_cast<std::size_t>(n), ".%06d",
                      static_cast<int>(us));
    }
    return date.text() + buffer;
}

}  // namespace

CivilDate CivilDate::from_ymd(int year, int month, int day) {
    const date::year_month_day ymd{date::year(year), date::month(static_cast<unsigned>(month)),
                                   date::day(static_cast<unsigned>(day))};
    return {static_cast<std::int32_t>(date::sys_days(ymd).time_since_epoch().count())};
}

Result<CivilDate> CivilDate::parse(std::string_view text) {
    int y = 0;
    int m = 0;
    int d = 0;
    const bool form = text.size() == 10 && text[4] == '-' && text[7] == '-' &&
                      digits(text, 0, 4, y) && digits(text, 5, 2, m) && digits(text, 8, 2, d);
    if (!form || !date::year_month_day(date::year(y), date::month(static_cast<unsigned>(m)),
                                       date::day(static_cast<unsigned>(d)))
                      .ok()) {
        return fail(error("date.malformed").with("text", std::string(text.substr(0, 40))));
    }
    return from_ymd(y, m, d);
}

void CivilDate::to_ymd(int& year, int& month, int& day) const {
    const date::year_month_day ymd{date::sys_days(date::days(days))};
    year = static_cast<int>(ymd.year());
    month = static_cast<int>(static_cast<unsigned>(ymd.month()));
    day = static_cast<int>(static_cast<unsigned>(ymd.day()));
}

std::string CivilDate::text() const {
    int y = 0;
    int m = 0;
    int d = 0;
    to_ymd(y, m, d);
    char buffer[48];
    std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", y, m, d);
    return buffer;
}

int CivilDate::weekday() const { return floor_mod(days + 3, 7) + 1; }  // 1970-01-01 was a Thursday

Result<Zone> Zone::find(std::string_view name) {
    Zone zone;
    zone.name_ = std::string(name);
    try {
        zone.zone_ = date::locate_zone(zone.name_);
    } catch (const std::runtime_error&) {
        return fail(error("zone.unknown").with("zone", zone.name_));
    }
    return zone;
}

std::int64_t Zone::offset_us(Instant at) const {
    if (zone_ == nullptr) {
        return 0;
    }
    if (at.us >= cached_from_ && at.us < cached_to_) {
        return cached_offset_;
    }
    const auto* zone = static_cast<const date::time_zone*>(zone_);
    const date::sys_info info =
        zone->get_info(std::chrono::floor<std::chrono::seconds>(to_sys(at)));
    const auto clamp = [](std::int64_t seconds) {
        constexpr std::int64_t limit = 9'000'000'000'000;
        return (seconds < -limit ? -limit : seconds > limit ? limit : seconds) * 1'000'000;
    };
    cached_from_ = clamp(info.begin.time_since_epoch().count());
    cached_to_ = clamp(info.end.time_since_epoch().count());
    cached_offset_ = info.offset.count() * 1'000'000;
    return cached_offset_;
}

LocalTime Zone::local(Instant at) const {
    const std::int64_t us = at.us + offset_us(at);
    return {{static_cast<std::int32_t>(floor_div(us, us_per_day))}, floor_mod(us, us_per_day)};
}

Instant Zone::instant(CivilDate date, int minute_of_day) const {
    const std::int64_t us = date.days * us_per_day + std::int64_t{minute_of_day} * 60'000'000;
    if (zone_ == nullptr) {
        return {us};
    }
    const Instant guess{us - offset_us({us})};
    if (guess.us + offset_us(guess) == us && guess.us >= cached_from_ + 86'400'000'000 &&
        guess.us + 86'400'000'000 < cached_to_) {
        return guess;  // far from any clock change
    }
    const auto* zone = static_cast<const date::time_zone*>(zone_);
    const date::local_seconds local{std::chrono::seconds(us / 1'000'000)};
    const auto sys = zone->to_sys(local, date::choose::earliest);
    return {sys.time_since_epoch().count() * 1'000'000};
}

std::string Zone::text(Instant at) const {
    const LocalTime here = local(at);
    const std::int64_t offset = offset_us(at) / 60'000'000;
    char buffer[48];
    const std::int64_t magnitude = offset < 0 ? -offset : offset;
    std::snprintf(buffer, sizeof buffer, "%c%02d:%02d", offset < 0 ? '-' : '+',
                  static_cast<int>(magnitude / 60), static_cast<int>(magnitude % 60));
    return clock_text(here.date, here.us_of_day) + buffer;
}

std::string utc_text(Instant at) {
    const LocalTime here = Zone{}.local(at);
    return clock_text(here.date, here.us_of_day) + "Z";
}

namespace {

/// ".123456" at `at`; advances it. False when a point has no digit behind it.
bool fraction(std::string_view text, std::size_t& at, std::int64_t& us) {
    us = 0;
    if (at >= text.size() || text[at] != '.') {
        return true;
    }
    ++at;
    std::int64_t unit = 100'000;
    const std::size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        us += unit * (text[at] - '0');
        unit /= 10;
    }
    return at > first;
}

/// "Z" or "+08:00" to the end of the text.
bool offset_minutes(std::string_view text, std::size_t at, std::int64_t& minutes) {
    const std::string_view rest = text.substr(at);
    minutes = 0;
    if (rest == "Z" || rest == "z") {
        return true;
    }
    int hour = 0;
    int minute = 0;
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' ||
        !digits(rest, 1, 2, hour) || !digits(rest, 4, 2, minute) || hour > 23 || minute > 59) {
        return false;
    }
    minutes = (hour * 60 + minute) * (rest[0] == '-' ? -1 : 1);
    return true;
}

}  // namespace

Result<Instant> parse_rfc3339(std::string_view text) {
    const Error bad = error("time.malformed").with("text", std::string(text.substr(0, 40)));
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (text.size() < 20 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
        text[16] != ':' || !digits(text, 11, 2, hour) || !digits(text, 14, 2, minute) ||
        !digits(text, 17, 2, second) || hour > 23 || minute > 59 || second > 59) {
        return fail(bad);
    }
    const Result<CivilDate> date = CivilDate::parse(text.substr(0, 10));
    std::size_t at = 19;
    std::int64_t us = 0;
    std::int64_t minutes = 0;
    if (!date || !fraction(text, at, us) || !offset_minutes(text, at, minutes)) {
        return fail(bad);
    }
    const std::int64_t seconds = std::int64_t{hour} * 3600 + minute * 60 + second - minutes * 60;
    return Instant{date->days * us_per_day + seconds * 1'000'000 + us};
}

}  // namespace mb
