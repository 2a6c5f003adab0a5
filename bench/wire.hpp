// `meterbook bench wire`: readings per second from bytes of DL/T 645-2007 on loopback TCP, through
// head-end, engine and writer, until they are durable. The meters are the virtual ones of the
// fleet, a link each, on a thread of their own; the head-end polls each again as soon as it has
// answered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>

#include "base/describe.hpp"
#include "bench/ingest.hpp"

namespace mb::bench {

struct WireOptions {
    std::int32_t meters = 2'000;
    std::int64_t seconds = 10;                 // of the measurement, once all meters have been read
    std::string store = "sqlite";              // or where PostgreSQL is, see store/open_store.hpp
    std::filesystem::path folder;              // of SQLite, kept afterwards; "" = a temporary one
    std::int64_t ingest_readings = 1'000'000;  // of the same meters, without sockets, to compare
    bool json = false;
};

/// Shares are of the CPU time of all stages in the measured stretch, in percent.
struct WireShares {
    std::int64_t meters = 0;    // the fleet's thread: not ours in life
    std::int64_t sockets = 0;   // the reactor's thread, inside the kernel
    std::int64_t framing = 0;   // the reactor's thread besides: links, scanner, codec, sessions
    std::int64_t engine = 0;    // the writer's thread outside the store: engine, log, batches
    std::int64_t store = 0;     // the writer's thread inside the store
    std::int64_t database = 0;  // processes of PostgreSQL, when they run on this machine
    std::int64_t other = 0;     // this process's other threads
};
MB_DESCRIBE(WireShares, (meters, sockets, framing, engine, store, database, other))

struct WireResult {
    std::int64_t meters = 0;
    std::string seconds;        // decimal text
    std::int64_t readings = 0;  // that became durable in the stretch
    std::int64_t readings_per_s = 0;
    std::int64_t answers_per_s = 0;  // good frames of meters
    std::int64_t ingest_per_s = 0;   // the same run, no sockets
    std::string ratio_ingest;        // readings_per_s / ingest_per_s
    std::string cpu_us_per_reading;  // all stages but the meters
    WireShares shares;
    std::int64_t timeouts = 0;      // questions without an answer, in the whole run
    std::int64_t dropped = 0;       // readings the writer did not take in time, whole run
    std::int64_t acknowledged = 0;  // durable by the writer's word, in the whole run
    std::int64_t stored = 0;        // found in the day rows afterwards; must be the same
    std::int64_t charged = 0;       // of these
    std::int64_t held = 0;
    std::int64_t excluded = 0;
    std::int64_t verify_findings = 0;
};
MB_DESCRIBE(WireResult, (meters, seconds, readings, readings_per_s, answers_per_s, ingest_per_s,
                         ratio_ingest, cpu_us_per_reading, shares, timeouts, dropped, acknowledged,
                         stored, charged, held, excluded, verify_findings))

/// Exit code: 0 done; 1 refused (see Place::make; bench.descriptor_limit {needed, limit};
/// bench.meters_silent when they do not all answer within a minute; bench.store_broke), or the
/// store does not hold what was acknowledged, or verify found something. Throws StoreUnavailable.
int run_wire(const WireOptions& options, Verify verify, std::ostream& out, std::ostream& err);

}  // namespace mb::bench
