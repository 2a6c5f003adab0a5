// What the same store does with the same readings when nobody thinks about them.
#pragma once

#include "bench/stream.hpp"
#include "store/database.hpp"

namespace mb::bench {

enum class Baseline : std::uint8_t {
    row,            // a prepared insert of five integers per reading, no index, batches of 8 192
    row_and_state,  // the same plus an upsert by (project, meter)
    commit_each,    // a row and a commit per reading
};

/// Readings per second over the first `rows` of the stream, into tables it makes in `database`.
/// Statements are queued, as the store queues its own: on PostgreSQL the inserts of `row` go as
/// arrays, those of `row_and_state` in a pipeline, a round trip for 512.
std::int64_t run_baseline(Baseline kind, const Stream& stream, std::int64_t rows,
                          store::Database& database);

}  // namespace mb::bench
