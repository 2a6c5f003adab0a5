// `meterbook bench list`: how long the API takes for the console's list of meters, over HTTP on
// loopback, while readings come in and are written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/describe.hpp"

namespace mb::bench {

struct ListOptions {
    std::int32_t meters = 100'000;
    std::int32_t requests = 100;   // of each kind, in turn with the others
    std::int32_t rate = 10'000;    // readings a second meanwhile, over all meters
    std::string store = "sqlite";  // or where PostgreSQL is, see store/open_store.hpp
    std::filesystem::path folder;  // of SQLite, kept afterwards; "" = a temporary one
    bool json = false;
};

/// One kind of request. Times are wall time of the client, from call to whole answer.
struct ListTimes {
    std::string name;
    std::string query;
    std::int64_t total = 0;  // meters that the filter lets through, by the last answer
    std::string p50_ms;      // decimal text
    std::string p99_ms;
    std::string ratio_meter;  // p50 to that of a single meter, the cheapest request with rows
};
MB_DESCRIBE(ListTimes, (name, query, total, p50_ms, p99_ms, ratio_meter))

struct ListResult {
    std::int64_t meters = 0;
    std::int64_t requests = 0;       // all
    std::int64_t ingest_wanted = 0;  // readings a second
    std::int64_t ingest_per_s = 0;   // that became durable while the requests ran
    std::string first_ms;            // the first page of all, asked for before readings came in
    std::vector<ListTimes> lists;
};
MB_DESCRIBE(ListResult, (meters, requests, ingest_wanted, ingest_per_s, first_ms, lists))

/// In the project: 95 % of the meters speak, the others never did and count as lost; of those that
/// speak every 20th is in arrears, and the contact of every 100th is open. Exit code: 0 done; 1
/// refused (see Place::make; bench.store_broke; bench.answer {query, status} when one is not
/// 200). Throws StoreUnavailable.
int run_list(const ListOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::bench
