// What a store holds at one moment, in few words: up to where each project's log goes. A backup
// carries it along, and what is restored must say the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "base/time.hpp"
#include "store/database.hpp"

namespace mb::store {

struct ProjectMark {
    std::int64_t project = 0;
    std::int64_t last_seq = 0;        // of the event log; 0: set up, nothing has happened
    std::string log_hash;             // of that row, lower-case hex; it stands for all rows before
    std::int32_t engine_version = 0;  // that wrote it
    Instant business_at;              // of that row
};
MB_DESCRIBE(ProjectMark, (project, last_seq, log_hash, engine_version, business_at))

struct StoreMoment {
    std::int64_t schema_version = 0;  // number of the last migration that ran; 0: no tables
    std::int64_t epoch = 0;           // of the writer lease; 0: never opened
    std::vector<ProjectMark> projects;
};

/// Reads through `session`'s transaction. Throws StoreCorrupt when a project's last log row is
/// damaged.
StoreMoment read_moment(Session& session);

/// Where each project's log ends is the same.
bool same_end(const std::vector<ProjectMark>& a, const std::vector<ProjectMark>& b);

}  // namespace mb::store
