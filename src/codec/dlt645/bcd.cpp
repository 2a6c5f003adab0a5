#include "codec/dlt645/bcd.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace mb::codec::dlt645 {

namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr int century = 2000;

bool all_are(ByteView bytes, std::uint8_t value) {
    return std::ranges::all_of(bytes, [&](std::uint8_t byte) { return byte == value; });
}

/// 0–99, or -1.
int pair(std::uint8_t byte) {
    const int high = byte >> 4;
    const int low = byte & 0xF;
    return high > 9 || low > 9 ? -1 : high * 10 + low;
}

bool any_not_bcd(ByteView bytes) {
    return std::ranges::any_of(bytes, [](std::uint8_t byte) { return pair(byte) < 0; });
}

std::string two_digits(std::int64_t value) {
    return {static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
}

/// For bytes that are BCD, neither all FF nor all zero.
Field<LocalTime> date_and_time(ByteView dd_mm_yy, std::int64_t us_of_day, Problem problem) {
    const Field<CivilDate> date = decode_date(dd_mm_yy);
    if (!date.value || problem != Problem::none) {
        return Field<LocalTime>::invalid(Problem::bad_time);
    }
    return {LocalTime{*date.value, us_of_day}, Problem::none};
}

}  // namespace

std::string_view problem_name(Problem problem) {
    switch (problem) {
        case Problem::none: return "";
        case Problem::not_bcd: return "not_bcd";
        case Problem::bad_time: return "bad_time";
        case Problem::bad_length: return "bad_length";
        case Problem::not_text: return "not_text";
        case Problem::unknown_code: return "unknown_code";
    }
    return "";
}

Field<std::int64_t> decode_bcd(ByteView low_first, Sign sign) {
    using Out = Field<std::int64_t>;
    CHECK(low_first.size() <= 8);
    if (low_first.empty()) {
        return Out::invalid(Problem::bad_length);
    }
    if (all_are(low_first, 0xFF)) {
        return Out::absent();
    }
    std::uint8_t top = low_first.back();
    const bool negative = sign == Sign::top_bit && (top & 0x80) != 0;
    if (sign == Sign::top_bit) {
        top &= 0x7F;
    }
    std::int64_t value = pair(top);
    bool valid = value >= 0;
    for (std::size_t i = low_first.size() - 1; valid && i-- > 0;) {
        const int digits = pair(low_first[i]);
        valid = digits >= 0;
        value = value * 100 + digits;
    }
    if (!valid) {
        return Out::invalid(Problem::not_bcd);
    }
    return {negative ? -value : value, Problem::none};
}

void encode_bcd(std::span<std::uint8_t> out, std::int64_t value) {
    CHECK(value >= 0);
    for (std::uint8_t& byte : out) {
        const std::int64_t digits = value % 100;
        byte = static_cast<std::uint8_t>(digits / 10 * 16 + digits % 10);
        value /= 100;
    }
    CHECK(value == 0);
}

Field<CivilDate> decode_date(ByteView dd_mm_yy) {
    using Out = Field<CivilDate>;
    if (dd_mm_yy.size() != 3) {
        return Out::invalid(Problem::bad_length);
    }
    if (all_are(dd_mm_yy, 0xFF) || all_are(dd_mm_yy, 0)) {
        return Out::absent();
    }
    if (any_not_bcd(dd_mm_yy)) {
        return Out::invalid(Problem::not_bcd);
    }
    const int day = pair(dd_mm_yy[0]);
    const int month = pair(dd_mm_yy[1]);
    const int year = century + pair(dd_mm_yy[2]);
    static constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) {
        return Out::invalid(Problem::bad_time);
    }
    const bool leap_day = month == 2 && year % 4 == 0;  // no exception in 2000–2099
    if (day > days[static_cast<std::size_t>(month - 1)] + (leap_day ? 1 : 0)) {
        return Out::invalid(Problem::bad_time);
    }
    return {CivilDate::from_ymd(year, month, day), Problem::none};
}

Field<std::int64_t> decode_time_of_day(ByteView ss_mm_hh) {
    using Out = Field<std::int64_t>;
    if (ss_mm_hh.size() != 3) {
        return Out::invalid(Problem::bad_length);
    }
    if (all_are(ss_mm_hh, 0xFF)) {
        return Out::absent();
    }
    if (any_not_bcd(ss_mm_hh)) {
        return Out::invalid(Problem::not_bcd);
    }
    const int second = pair(ss_mm_hh[0]);
    const int minute = pair(ss_mm_hh[1]);
    const int hour = pair(ss_mm_hh[2]);
    if (second > 59 || minute > 59 || hour > 23) {
        return Out::invalid(Problem::bad_time);
    }
    return {((hour * 60 + minute) * 60 + second) * us_per_second, Problem::none};
}

Field<LocalTime> decode_second(ByteView ss_mm_hh_dd_mm_yy) {
    using Out = Field<LocalTime>;
    const ByteView bytes = ss_mm_hh_dd_mm_yy;
    if (bytes.size() != 6) {
        return Out::invalid(Problem::bad_length);
    }
    if (all_are(bytes, 0xFF) || all_are(bytes, 0)) {
        return Out::absent();
    }
    if (any_not_bcd(bytes)) {
        return Out::invalid(Problem::not_bcd);
    }
    const Field<std::int64_t> time = decode_time_of_day(bytes.first(3));
    return date_and_time(bytes.last(3), time.value.value_or(0), time.problem);
}

Field<LocalTime> decode_minute(ByteView mm_hh_dd_mm_yy) {
    const ByteView bytes = mm_hh_dd_mm_yy;
    if (bytes.size() != 5) {
        return Field<LocalTime>::invalid(Problem::bad_length);
    }
    if (all_are(bytes, 0xFF)) {
        return Field<LocalTime>::absent();
    }
    std::array<std::uint8_t, 6> with_seconds{};
    std::ranges::copy(bytes, with_seconds.begin() + 1);
    return decode_second(with_seconds);
}

Field<LocalTime> decode_deadline(ByteView ss_mm_hh_dd_mm_yy) {
    if (ss_mm_hh_dd_mm_yy.size() == 6 && ss_mm_hh_dd_mm_yy[5] == 0x99) {
        return Field<LocalTime>::absent();
    }
    return decode_second(ss_mm_hh_dd_mm_yy);
}

std::array<std::uint8_t, 6> encode_second(const LocalTime& at) {
    int year = 0;
    int month = 0;
    int day = 0;
    at.date.to_ymd(year, month, day);
    CHECK(year >= century && year < century + 100);
    CHECK(at.us_of_day >= 0 && at.us_of_day < 86'400 * us_per_second);
    const std::int64_t seconds = at.us_of_day / us_per_second;
    const std::array<std::int64_t, 6> parts{seconds % 60, seconds / 60 % 60, seconds / 3600, day,
                                            month,        year - century};
    std::array<std::uint8_t, 6> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        encode_bcd(std::span(out).subspan(i, 1), parts[i]);
    }
    return out;
}

std::string time_of_day_text(std::int64_t us_of_day) {
    const std::int64_t seconds = us_of_day / us_per_second;
    return two_digits(seconds / 3600) + ':' + two_digits(seconds / 60 % 60) + ':' +
           two_digits(seconds % 60);
}

std::string iso_text(const LocalTime& at) {
    return at.date.text() + 'T' + time_of_day_text(at.us_of_day);
}

}  // namespace mb::codec::dlt645
