// Instants, civil dates, time zones. Inside everything is UTC microseconds; texts are RFC 3339 with
// offset.
#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace mb {

/// A span in microseconds.
struct Duration {
    std::int64_t us = 0;

    static constexpr Duration milliseconds(std::int64_t n) { return {n * 1000}; }
    static constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }
    static constexpr Duration minutes(std::int64_t n) { return {n * 60'000'000}; }
    static constexpr Duration hours(std::int64_t n) { return {n * 3'600'000'000}; }
    static constexpr Duration days(std::int64_t n) { return {n * 86'400'000'000}; }
    friend constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
    friend constexpr Duration operator-(Duration a, Duration b) { return {a.us - b.us}; }
    friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.us * n}; }
    friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
};

/// UTC microseconds since 1970-01-01T00:00:00Z. 0 is "never".
struct Instant {
    std::int64_t us = 0;

    explicit operator bool() const { return us != 0; }
    friend constexpr Instant operator+(Instant a, Duration d) { return {a.us + d.us}; }
    friend constexpr Instant operator-(Instant a, Duration d) { return {a.us - d.us}; }
    friend constexpr Duration operator-(Instant a, Instant b) { return {a.us - b.us}; }
    friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
};

/// Days since 1970-01-01 in some zone; proleptic Gregorian.
struct CivilDate {
    std::int32_t days = 0;

    static CivilDate from_ymd(int year, int month, int day);
    /// "YYYY-MM-DD". Errors: date.malformed.
    static Result<CivilDate> parse(std::string_view text);
    void to_ymd(int& year, int& month, int& day) const;
    [[nodiscard]] std::string text() const;
    /// 1 = Monday … 7 = Sunday.
    [[nodiscard]] int weekday() const;
    friend CivilDate operator+(CivilDate d, int n) { return {d.days + n}; }
    friend auto operator<=>(const CivilDate&, const CivilDate&) = default;
};

/// Local clock reading; microsecond of the day in [0, 86 400 000 000).
struct LocalTime {
    CivilDate date;
    std::int64_t us_of_day = 0;

    [[nodiscard]] int minute_of_day() const { return static_cast<int>(us_of_day / 60'000'000); }
};

/// A named zone (IANA). Conversions depend on tzdata alone. It remembers the last offset, so an
/// object belongs to one thread: copy it, copies are cheap.
class Zone {
public:
    Zone() = default;  // UTC
    /// Errors: zone.unknown.
    static Result<Zone> find(std::string_view name);

    [[nodiscard]] LocalTime local(Instant at) const;
    /// First instant that shows this local time; a time skipped by a clock change maps to the
    /// change.
    [[nodiscard]] Instant instant(CivilDate date, int minute_of_day = 0) const;
    [[nodiscard]] CivilDate date(Instant at) const { return local(at).date; }
    /// "2026-11-22T09:30:00+08:00"; microseconds only when not zero.
    [[nodiscard]] std::string text(Instant at) const;
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    /// Offset to UTC at `at`, and until when it holds.
    [[nodiscard]] std::int64_t offset_us(Instant at) const;

    std::string name_ = "UTC";
    const void* zone_ = nullptr;            // date::time_zone
    mutable std::int64_t cached_from_ = 0;  // [from, to): offset below holds
    mutable std::int64_t cached_to_ = 0;
    mutable std::int64_t cached_offset_ = 0;
};

/// RFC 3339 with offset or Z. Errors: time.malformed.
Result<Instant> parse_rfc3339(std::string_view text);
/// "2026-11-22T01:30:00Z"
std::string utc_text(Instant at);

}  // namespace mb
