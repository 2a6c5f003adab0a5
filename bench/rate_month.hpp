// Rating a month of a whole project anew from the store, beside reading and adding up the same
// packed rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/describe.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/database.hpp"

namespace mb::bench {

/// What `meterbook rerate` came to; app passes the function.
struct Rerated {
    std::int64_t agreements = 0;
    std::int64_t refused = 0;
    std::int64_t lines = 0;
    Quantity energy;  // of all lines
    std::string sha256;
    std::int64_t load_us = 0;  // wall time until the state was there
    std::int64_t rate_us = 0;  // behind that: rating, lines, hash
    std::int64_t rate_cpu_us = 0;
    std::int64_t own_bytes = 0;  // memory when all lines were there
};
using Rerate =
    std::function<Rerated(store::Database&, ProjectId, CivilDate from, CivilDate to, int threads)>;

struct MonthOptions {
    std::int32_t meters = 100'000;
    std::int32_t threads = 0;      // measured besides one thread; 0: as many as the machine has
    std::string store = "sqlite";  // or where PostgreSQL is, see store/open_store.hpp
    std::filesystem::path folder;  // of SQLite, kept afterwards; "" = a temporary one
};

/// Wall time, but for ratio_cpu.
struct MonthResult {
    std::int64_t meters = 0;
    std::int64_t readings = 0;  // 2 976 a meter
    std::string build_s;        // making the data, not measured else
    std::int64_t packed_bytes = 0;
    std::int64_t plain_per_s = 0;
    std::string load_s;               // the project's state from its checkpoint; in no other number
    std::int64_t readings_per_s = 0;  // one thread
    std::string ratio;                // of the plain pass, decimal text
    std::string ratio_cpu;            // by CPU time of this process: PostgreSQL's is not in it
    std::int32_t threads = 0;
    std::int64_t readings_per_s_threads = 0;
    std::string ratio_threads;
    std::int64_t lines = 0;
    std::string sha256;
    bool same = false;  // both runs gave one hash, and the lines' quantities are the registers' sum
    std::int64_t own_mib = 0;  // memory without mapped files, when all lines were there
};
MB_DESCRIBE(MonthResult, (meters, readings, build_s, packed_bytes, plain_per_s, load_s,
                          readings_per_s, ratio, ratio_cpu, threads, readings_per_s_threads,
                          ratio_threads, lines, sha256, same, own_mib))

/// The plain pass asks for the month's rows of all meters in their order, unpacks them, walks the
/// readings and adds up their registers. Both are run with warm files. Errors: see Place::make,
/// store::open_store. Throws StoreUnavailable.
Result<MonthResult> measure_month(const MonthOptions& options, const Rerate& rerate,
                                  const std::function<void(const std::string&)>& progress);

}  // namespace mb::bench
