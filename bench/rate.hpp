// `meterbook bench rate`: what rating costs, as ratios to passes of the same run that only read and
// add.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "bench/rate_kernel.hpp"

namespace mb::bench {

struct RateBenchOptions {
    KernelOptions kernel;
    bool json = false;
};

/// Exit code: 0 done, 1 when a sum differs from the slow path's.
int run_rate_bench(const RateBenchOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::bench
