#include "rules/billing/shares.hpp"

#include "base/check.hpp"
#include "base/integer.hpp"

#include <algorithm>
#include <numeric>

namespace mb::rules::billing {

void add_to_largest_rests(std::span<std::int64_t> parts, std::span<const std::int64_t> rests,
                          std::int64_t count) {
    CHECK(parts.size() == rests.size());
    CHECK(count >= 0 && count <= static_cast<std::int64_t>(parts.size()));
    if (count == 0) {
        return;
    }
    std::vector<std::size_t> order(parts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return rests[a] != rests[b] ? rests[a] > rests[b] : a < b;
    });
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        ++parts[order[i]];
    }
}

std::vector<std::int64_t> shares_of(std::int64_t total, std::span<const std::int64_t> weights) {
    CHECK(total >= 0);
    std::int64_t weight_sum = 0;
    for (const std::int64_t weight : weights) {
        CHECK(weight >= 0);
        weight_sum = add_checked(weight_sum, weight);
    }
    CHECK(weight_sum > 0);
    std::vector<std::int64_t> parts(weights.size());
    std::vector<std::int64_t> rests(weights.size());
    std::int64_t left = total;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const int128 product = static_cast<int128>(total) * weights[i];
        parts[i] = narrow(product / weight_sum);
        rests[i] = narrow(product % weight_sum);
        left -= parts[i];
    }
    add_to_largest_rests(parts, rests, left);
    return parts;
}

}  // namespace mb::rules::billing
