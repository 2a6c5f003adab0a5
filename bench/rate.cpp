#include "bench/rate.hpp"

#include <optional>
#include <ostream>

#include "base/json.hpp"

namespace mb::bench {

namespace {

struct RateResult {
    std::optional<KernelResult> kernel;
    std::optional<MonthResult> month;
};
MB_DESCRIBE(RateResult, (kernel, month))

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

void print(const MonthResult& r, std::ostream& out) {
    out << "month            " << r.readings << " readings of " << r.meters << " meters, "
        << r.packed_bytes << " bytes packed; made in " << r.build_s << " s\n"
        << "  plain pass     " << r.plain_per_s << " readings/s: unpacked and added up\n"
        << "  one thread     " << r.readings_per_s << " readings/s, ratio " << r.ratio
        << ", of CPU time " << r.ratio_cpu << "; " << r.lines << " lines\n"
        << "  " << r.threads << " threads      " << r.readings_per_s_threads
        << " readings/s, ratio " << r.ratio_threads << "\n"
        << "  sha256         " << r.sha256 << (r.same ? "" : "  NOT THE SAME, or wrong sums")
        << "\n"
        << "  memory         " << r.own_mib
        << " MiB without mapped files, when all lines were there; the state loaded in " << r.load_s
        << " s\n";
}

}  // namespace

int run_rate_bench(const RateBenchOptions& options, const Rerate& rerate, std::ostream& out,
                   std::ostream& err) {
    const auto progress = [&](const std::string& what) { err << "bench: " << what << std::endl; };
    RateResult result;
    bool sound = true;
    if (options.kernel.meters > 0) {  // first: it counts on memory nobody used before
        result.kernel = measure_kernel(options.kernel, progress);
        sound = result.kernel->differing == 0;
    }
    if (options.month.meters > 0) {
        auto month = measure_month(options.month, rerate, progress);
        if (!month) {
            err << "bench: " << month.error().text() << "\n";
            return 1;
        }
        result.month = std::move(*month);
        sound = sound && result.month->same;
    }
    if (options.json) {
        out << to_json(result) << "\n";
        return sound ? 0 : 1;
    }
    if (result.kernel) {
        print(*result.kernel, out);
    }
    if (result.month) {
        print(*result.month, out);
    }
    return sound ? 0 : 1;
}

}  // namespace mb::bench
