#include "bench/rate.hpp"

#include <ostream>

#include "base/json.hpp"

namespace mb::bench {

namespace {

struct RateResult {
    KernelResult kernel;
};
MB_DESCRIBE(RateResult, (kernel))

void print(const KernelResult& r, std::ostream& out) {
    out << "kernel           " << r.intervals_per_s << " intervals/s, " << r.meters
        << " meters in turn, 3 tiers × 5 bands, one thread\n"
        << "  plain pass     " << r.plain_per_s << " intervals/s, ratio " << r.ratio << "\n"
        << "  an interval    " << r.ns_within << " ns inside a band, " << r.ns_at_band
        << " ns where one begins\n"
        << "  crossed a tier " << r.crossing << " meters; " << r.lines << " lines\n"
        << "  slow path      " << r.slow_per_s << " intervals/s; " << r.differing
        << " meters differ\n"
        << "  memory         " << r.resident_mib << " MiB resident, " << r.bytes_an_agreement
        << " bytes an agreement\n";
}

}  // namespace

int run_rate_bench(const RateBenchOptions& options, std::ostream& out, std::ostream& err) {
    const auto progress = [&](const std::string& what) { err << "bench: " << what << std::endl; };
    RateResult result;
    result.kernel = measure_kernel(options.kernel, progress);
    if (options.json) {
        out << to_json(result) << "\n";
    } else {
        print(result.kernel, out);
    }
    return result.kernel.differing == 0 ? 0 : 1;
}

}  // namespace mb::bench
