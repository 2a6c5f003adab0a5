// Random histories of property tests: the same seed gives the same one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace mb::test {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    /// [from, to]
    std::int64_t in(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(engine_);
    }
    bool one_in(int n) { return in(1, n) == 1; }
    template <class T>
    void shuffle(std::vector<T>& list) {
        std::shuffle(list.begin(), list.end(), engine_);
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace mb::test
