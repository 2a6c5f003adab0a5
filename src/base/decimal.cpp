#include "base/decimal.hpp"

#include "base/check.hpp"
#include "base/integer.hpp"

#include <limits>

namespace mb {

std::int64_t pow10(int exponent) {
    CHECK(exponent >= 0 && exponent <= 18);
    std::int64_t out = 1;
    for (int i = 0; i < exponent; ++i) {
        out *= 10;
    }
    return out;
}

namespace {

Error malformed(std::string_view text) {
    return error("decimal.malformed").with("text", std::string(text.substr(0, 40)));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<std::int64_t> parse_decimal(std::string_view text, int scale) {
    CHECK(scale >= 0 && scale <= 18);
    std::string_view rest = text;
    const bool negative = !rest.empty() && rest.front() == '-';
    if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
        rest.remove_prefix(1);
    }
    int128 value = 0;
    const int128 limit = static_cast<int128>(std::numeric_limits<std::int64_t>::max());
    int places = -1;  // -1: no point seen yet
    int digits = 0;
    for (const char c : rest) {
        if (c == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (!is_digit(c)) {
            return fail(malformed(text));
        }
        ++digits;
        if (places >= scale) {
            if (c != '0') {
                return fail(error("decimal.too_many_places")
                                .with("text", std::string(text.substr(0, 40)))
                                .with("places", std::to_string(scale)));
            }
            continue;
        }
        if (places >= 0) {
            ++places;
        }
        value = value * 10 + (c - '0');
        if (value > limit) {
            return fail(error("decimal.overflow").with("text", std::string(text.substr(0, 40))));
        }
    }
    if (digits == 0 || rest.back() == '.' || rest.front() == '.') {
        return fail(malformed(text));
    }
    for (int i = places < 0 ? 0 : places; i < scale; ++i) {
        value *= 10;
        if (value > limit) {
            return fail(error("decimal.overflow").with("text", std::string(text.substr(0, 40))));
        }
    }
    return static_cast<std::int64_t>(negative ? -value : value);
}

std::string format_decimal(std::int64_t value, int scale, int min_places) {
    CHECK(scale >= 0 && scale <= 18);
    const bool negative = value < 0;
    // Negating in unsigned arithmetic is defined for INT64_MIN too.
    std::uint64_t magnitude = static_cast<std::uint64_t>(value);
    if (negative) {
        magnitude = 0U - magnitude;
    }
    std::string digits = std::to_string(magnitude);
    if (digits.size() <= static_cast<std::size_t>(scale)) {
        digits.insert(0, static_cast<std::size_t>(scale) + 1 - digits.size(), '0');
    }
    std::string out = negative ? "-" : "";
    const std::size_t whole = digits.size() - static_cast<std::size_t>(scale);
    out += digits.substr(0, whole);
    std::string fraction = digits.substr(whole);
    if (min_places >= 0) {
        while (fraction.size() > static_cast<std::size_t>(min_places) && fraction.back() == '0') {
            fraction.pop_back();
        }
    }
    if (!fraction.empty()) {
        out += '.';
        out += fraction;
    }
    return out;
}

}  // namespace mb
