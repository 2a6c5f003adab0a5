// Checked integers: overflow is caught, never wraps.
#pragma once

#include "base/check.hpp"

#include <cstdint>

namespace mb {

__extension__ using int128 = __int128;

inline std::int64_t add_checked(std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    CHECK(!__builtin_add_overflow(a, b, &out));
    return out;
}

inline std::int64_t sub_checked(std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    CHECK(!__builtin_sub_overflow(a, b, &out));
    return out;
}

inline std::int64_t mul_checked(std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    CHECK(!__builtin_mul_overflow(a, b, &out));
    return out;
}

/// 128 bits back to 64; caught when it does not fit.
inline std::int64_t narrow(int128 value) {
    const auto out = static_cast<std::int64_t>(value);
    CHECK(static_cast<int128>(out) == value);
    return out;
}

/// Division towards minus infinity; divisor > 0.
template <class Int>
constexpr Int floor_div(Int value, Int divisor) {
    const Int quotient = value / divisor;
    return (value % divisor < 0) ? quotient - 1 : quotient;
}

/// Remainder of floor_div: 0 ≤ result < divisor.
template <class Int>
constexpr Int floor_mod(Int value, Int divisor) {
    const Int rest = value % divisor;
    return rest < 0 ? rest + divisor : rest;
}

/// Division rounded to the nearest, ties away from zero; divisor > 0.
template <class Int>
constexpr Int round_div(Int value, Int divisor) {
    const Int quotient = value / divisor;
    const Int rest = value % divisor;
    if (rest >= 0) {
        return rest >= divisor - rest ? quotient + 1 : quotient;
    }
    return -rest >= divisor + rest ? quotient - 1 : quotient;
}

}  // namespace mb
