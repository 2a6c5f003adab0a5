// A quota: so many a second, with a burst. Exact, by wall time that is handed in.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace mb::headend {

class TokenBucket {
public:
    /// Takes as much of `wanted` as the quota allows now. A fresh bucket is full.
    std::int64_t take(std::int64_t wanted, std::int64_t per_s, std::int64_t burst, Instant wall) {
        fill(per_s, burst, wall);
        const std::int64_t taken = std::min(wanted, std::max<std::int64_t>(micro_ / one, 0));
        micro_ -= taken * one;
        return taken;
    }
    [[nodiscard]] std::int64_t left() const { return micro_ / one; }

private:
    static constexpr std::int64_t one = 1'000'000;

    void fill(std::int64_t per_s, std::int64_t burst, Instant wall) {
        const bool fresh = !filled_at_;
        const std::int64_t passed =
            std::clamp<std::int64_t>((wall - filled_at_).us, 0, 3'600'000'000);
        micro_ = fresh ? burst * one : std::min(burst * one, micro_ + passed * per_s);
        if (fresh || wall > filled_at_) filled_at_ = wall;
    }

    std::int64_t micro_ = 0;  // millionths of a token
    Instant filled_at_;
};

}  // namespace mb::headend
