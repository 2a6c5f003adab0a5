// `meterbook bench rate`: what rating costs, as ratios to passes of the same run that only read and
// add.
#pragma once

#include <iosfwd>

#include "bench/rate_kernel.hpp"
#include "bench/rate_month.hpp"

namespace mb::bench {

/// Either part is left out when it has no meters.
struct RateBenchOptions {
    KernelOptions kernel;
    MonthOptions month;
    bool json = false;
};

/// Exit code: 0 done; 1 refused (see measure_month), or a sum differs. Throws StoreUnavailable.
int run_rate_bench(const RateBenchOptions& options, const Rerate& rerate, std::ostream& out,
                   std::ostream& err);

}  // namespace mb::bench
