// What the people behind a meter use: a standard load profile times a scale, with a little noise.
// It follows true local time, not the meter's clock, and is a pure function of (seed, time), so
// that energy does not depend on how often a meter is advanced.
#pragma once

#include "base/describe.hpp"
#include "sim/meter/local_time.hpp"

#include <cstdint>

namespace mb::sim::meter {

/// flat: mean_w at all times, without noise; the others are BDEW profiles (data/README.md).
enum class LoadKind : std::uint8_t { flat, h0, g0, g1, g2, g3, g4, g5, g6 };
MB_ENUM(LoadKind, flat, h0, g0, g1, g2, g3, g4, g5, g6)

struct LoadSpec {
    LoadKind kind = LoadKind::flat;
    std::int64_t mean_w = 0;                // about the mean over a year, 0 … 1 000 000 W
    std::int32_t power_factor_milli = 960;  // 500 … 1000
};

/// Power is constant inside a slot.
inline constexpr LocalUs load_slot_us = 5 * minute_us;

class Load {
public:
    Load(LoadSpec spec, std::uint64_t seed) : spec_(spec), seed_(seed) {}

    /// Active power in mW at this true local time.
    [[nodiscard]] std::int64_t power_mw(LocalUs true_local) const;
    /// Phase voltage in 0.1 V: 220 V ± 3 %, lower under load.
    [[nodiscard]] int voltage_dv(LocalUs true_local) const;
    [[nodiscard]] const LoadSpec& spec() const { return spec_; }

private:
    LoadSpec spec_;
    std::uint64_t seed_;
    mutable std::int32_t cached_day_ = INT32_MIN;  // season and kind of day below belong to it
    mutable int cached_row_ = 0;
};

/// One step of splitmix64: a well mixed function of its input.
std::uint64_t mix(std::uint64_t value);

}  // namespace mb::sim::meter
