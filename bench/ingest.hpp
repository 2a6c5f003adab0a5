// `meterbook bench ingest`: readings per second through engine, writer and store, as ratios to what
// the same store does in the same run without us.
#pragma once

#include "base/result.hpp"
#include "bench/place.hpp"
#include "bench/stream.hpp"
#include "store/database.hpp"

#include <filesystem>
#include <iosfwd>
#include <string>

namespace mb::bench {

struct IngestOptions {
    StreamShape shape;
    std::string store = "sqlite";  // or where PostgreSQL is, see store/open_store.hpp
    std::filesystem::path folder;  // of SQLite; "" = a temporary one
    bool baselines = true;
    std::int64_t baseline_rows = 1'000'000;
    std::int64_t commit_each_rows = 5'000;
    bool json = false;
};

struct IngestResult {
    std::int64_t readings = 0;
    std::string seconds;  // decimal text; nothing here feeds money
    std::int64_t readings_per_s = 0;
    std::int64_t row_per_s = 0;
    std::int64_t row_and_state_per_s = 0;
    std::int64_t commit_each_per_s = 0;
    std::string ratio_row;
    std::string ratio_row_and_state;
    std::string ratio_commit_each;
    std::string where;  // share of the time: apply, commit, flush, checkpoint
    std::int64_t charged = 0;
    std::int64_t held = 0;
    std::int64_t excluded = 0;
    std::int64_t verify_findings = 0;
};
MB_DESCRIBE(IngestResult, (readings, seconds, readings_per_s, row_per_s, row_and_state_per_s,
                           commit_each_per_s, ratio_row, ratio_row_and_state, ratio_commit_each,
                           where, charged, held, excluded, verify_findings))

/// The measurement alone, without baselines, in an empty place: what others are compared with.
/// Errors and exceptions as run_ingest().
Result<std::int64_t> ingest_per_s(const StreamShape& shape, Place& place);

/// Checks of the store after the run; how many findings. App passes the one of `meterbook verify`.
using Verify = std::int64_t (*)(store::Database& database);

/// Exit code: 0 done, 1 refused (see Place::make) or verify found something. Throws
/// StoreUnavailable.
int run_ingest(const IngestOptions& options, Verify verify, std::ostream& out, std::ostream& err);

}  // namespace mb::bench
