// What the same store does with the same readings when nobody thinks about them.
#pragma once

#include "bench/stream.hpp"

#include <filesystem>

namespace mb::bench {

enum class Baseline : std::uint8_t {
    row,            // a prepared insert of five integers per reading, no index, batches of 8 192
    row_and_state,  // the same plus an upsert by (project, meter)
    commit_each,    // a row and a commit per reading
};

/// Readings per second over the first `rows` of the stream.
std::int64_t run_baseline(Baseline kind, const Stream& stream, std::int64_t rows,
                          const std::filesystem::path& folder);

}  // namespace mb::bench
