// Numbers and times in BCD, low byte first (§1.4 of the protocol notes). The decimal point is
// implied by the data identifier; nothing is ever floating point.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/decimal.hpp"
#include "base/time.hpp"

namespace mb::codec::dlt645 {

/// units × 10^-scale.
struct Number {
    std::int64_t units = 0;
    int scale = 0;

    [[nodiscard]] std::string text() const { return format_decimal(units, scale); }
    friend bool operator==(const Number&, const Number&) = default;
};

enum class Problem : std::uint8_t {
    none,
    not_bcd,       // a digit A–F
    bad_time,      // no such date or time of day
    bad_length,    // the bytes do not make whole values
    not_text,      // a byte that is no printable ASCII
    unknown_code,  // a code outside the standard's table
};
/// "not_bcd" …; "" for none.
std::string_view problem_name(Problem problem);

/// A field of a frame: present, absent (all FF; all zeros for a time) or invalid with a problem.
template <class T>
struct Field {
    std::optional<T> value;
    Problem problem = Problem::none;

    static Field absent() { return {}; }
    static Field invalid(Problem problem) { return {std::nullopt, problem}; }
    [[nodiscard]] bool ok() const { return problem == Problem::none; }
};

enum class Sign : std::uint8_t { none, top_bit };

/// At most 8 bytes; with Sign::top_bit the top bit of the highest byte set means negative.
Field<std::int64_t> decode_bcd(ByteView low_first, Sign sign = Sign::none);
/// `value` ≥ 0 in out.size() bytes, low byte first; it must fit (checked).
void encode_bcd(std::span<std::uint8_t> out, std::int64_t value);

/// Years are 2000–2099. Each takes the wire's bytes, low byte first.
Field<CivilDate> decode_date(ByteView dd_mm_yy);
/// Microseconds of the day. 00:00:00 is midnight, not absent.
Field<std::int64_t> decode_time_of_day(ByteView ss_mm_hh);
Field<LocalTime> decode_second(ByteView ss_mm_hh_dd_mm_yy);
Field<LocalTime> decode_minute(ByteView mm_hh_dd_mm_yy);
/// A deadline: year 99 too means none.
Field<LocalTime> decode_deadline(ByteView ss_mm_hh_dd_mm_yy);

/// ss mm hh DD MM YY; the year must lie in 2000–2099 (checked); parts of a second are dropped.
std::array<std::uint8_t, 6> encode_second(const LocalTime& at);

/// "2026-11-22T15:09:30"
std::string iso_text(const LocalTime& at);
/// "15:09:30"
std::string time_of_day_text(std::int64_t us_of_day);

}  // namespace mb::codec::dlt645
