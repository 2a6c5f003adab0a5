// The only source of chance in a simulation: a stream from a seed. Streams for different purposes
// are split off by a name, so that one more draw in one place does not change all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mb::sim {

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(mixed(seed)) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        return mixed(state_);
    }
    /// low … high, both possible.
    std::int64_t range(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
    }
    bool chance(std::int64_t per_million) {
        return static_cast<std::int64_t>(next() % 1'000'000U) < per_million;
    }
    std::size_t index(std::size_t count) { return static_cast<std::size_t>(next() % count); }
    /// A stream of its own; this one does not move.
    [[nodiscard]] Random split(std::string_view purpose) const {
        std::uint64_t hash = state_ ^ 14'695'981'039'346'656'037U;
        for (const char c : purpose) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
        }
        return Random(hash);
    }

private:
    static std::uint64_t mixed(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

}  // namespace mb::sim
