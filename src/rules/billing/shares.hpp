// Whole shares of a whole by largest remainder, stable (design §4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mb::rules::billing {

/// Adds 1 to the `count` parts with the largest rests; equal rests in order. 0 ≤ count ≤ size.
void add_to_largest_rests(std::span<std::int64_t> parts, std::span<const std::int64_t> rests,
                          std::int64_t count);

/// Shares of `total` ≥ 0 in proportion to the weights (≥ 0, their sum positive); they sum to the
/// total.
std::vector<std::int64_t> shares_of(std::int64_t total, std::span<const std::int64_t> weights);

}  // namespace mb::rules::billing
