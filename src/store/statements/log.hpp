// The event log, checkpoints, inbox, parked events.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

inline constexpr Sql event_log_put{R"sql(
INSERT INTO event_log (
    project_id, seq, engine_version, business_at, wall_at, event_count, events, previous_hash,
    effects_hash, hash)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
)sql"};

inline constexpr Sql event_log_all{R"sql(
SELECT
    project_id, seq, engine_version, business_at, wall_at, event_count, events, previous_hash,
    effects_hash, hash
FROM event_log
WHERE project_id = $1
ORDER BY seq
)sql"};

inline constexpr Sql checkpoint_put{R"sql(
INSERT INTO checkpoint (
    project_id, seq, engine_version, business_at, wall_at, size, log_hash, hash, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (project_id, seq) DO UPDATE SET
    engine_version = excluded.engine_version, business_at = excluded.business_at,
    wall_at = excluded.wall_at, size = excluded.size, log_hash = excluded.log_hash,
    hash = excluded.hash, row_check = excluded.row_check
)sql"};

inline constexpr Sql checkpoint_all{R"sql(
SELECT
    project_id, seq, engine_version, business_at, wall_at, size, log_hash, hash, row_check
FROM checkpoint
WHERE project_id = $1
ORDER BY seq
)sql"};

inline constexpr Sql checkpoint_slice_put{R"sql(
INSERT INTO checkpoint_slice (
    project_id, seq, slice, size, bytes, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6)
ON CONFLICT (project_id, seq, slice) DO UPDATE SET
    size = excluded.size, bytes = excluded.bytes, row_check = excluded.row_check
)sql"};

inline constexpr Sql checkpoint_slice_all{R"sql(
SELECT
    project_id, seq, slice, size, bytes, row_check
FROM checkpoint_slice
WHERE project_id = $1
ORDER BY seq, slice
)sql"};

inline constexpr Sql inbox_put{R"sql(
INSERT INTO inbox (
    project_id, inbox_id, source, dedup_key, received_wall_at, headers, body, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8)
)sql"};

inline constexpr Sql inbox_all{R"sql(
SELECT
    project_id, inbox_id, source, dedup_key, received_wall_at, headers, body, row_check
FROM inbox
WHERE project_id = $1
ORDER BY inbox_id
)sql"};

inline constexpr Sql parked_event_put{R"sql(
INSERT INTO parked_event (
    project_id, parked_no, event, business_at, wall_at, why, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7)
)sql"};

inline constexpr Sql parked_event_all{R"sql(
SELECT
    project_id, parked_no, event, business_at, wall_at, why, row_check
FROM parked_event
WHERE project_id = $1
ORDER BY parked_no
)sql"};

}  // namespace mb::store::sql
