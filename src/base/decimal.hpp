// Exact decimal text ↔ scaled 64-bit integers. No floating point anywhere.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mb {

/// "-12.30" with scale 2 → -1230. Accepts an optional sign, digits, an optional point with digits;
/// no exponent, no blanks, no separators. More places than `scale` are refused unless they are
/// zeros. Errors: decimal.malformed, decimal.too_many_places, decimal.overflow.
Result<std::int64_t> parse_decimal(std::string_view text, int scale);

/// value × 10^-scale as text. All `scale` places are kept, or at least `min_places` after trailing
/// zeros are dropped when 0 ≤ min_places < scale.
std::string format_decimal(std::int64_t value, int scale, int min_places = -1);

/// 10^exponent, 0 ≤ exponent ≤ 18.
std::int64_t pow10(int exponent);

}  // namespace mb
