// The kernel of rating alone, in memory and on one thread: what an interval costs to charge, beside
// a pass that only moves the same bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/describe.hpp"

namespace mb::bench {

struct KernelOptions {
    std::int32_t meters = 1'000'000;  // an agreement each
    std::int32_t quarters = 96;       // of an hour, from midnight; 1 … 960
};

/// Times are CPU time of the thread.
struct KernelResult {
    std::int64_t meters = 0;
    std::int64_t intervals = 0;
    std::int64_t intervals_per_s = 0;
    std::int64_t plain_per_s = 0;
    std::string ratio;          // of the plain pass's speed, decimal text
    std::string ns_within;      // an interval in quarters without a band bound
    std::string ns_at_band;     // in those that begin a band
    std::int64_t crossing = 0;  // meters that left their first tier
    std::int64_t lines = 0;
    std::int64_t differing = 0;  // meters whose state is not what the slow path comes to
    std::int64_t slow_per_s = 0;
    std::int64_t bytes_an_agreement = 0;  // of resident memory
    std::int64_t resident_mib = 0;
};
MB_DESCRIBE(KernelResult,
            (meters, intervals, intervals_per_s, plain_per_s, ratio, ns_within, ns_at_band,
             crossing, lines, differing, slow_per_s, bytes_an_agreement, resident_mib))

/// Charges quarter after quarter to all meters in turn: three tiers × five bands, half the meters
/// leave their first tier. The plain pass follows each quarter over the same agreements in the same
/// order: it reads the same input and what the kernel reads of the state, and adds to the same
/// words. Afterwards every meter is charged once more by itself through the slow path (no window),
/// and all its lines, sums and counters must be equal.
KernelResult measure_kernel(const KernelOptions& options,
                            const std::function<void(const std::string&)>& progress);

}  // namespace mb::bench
