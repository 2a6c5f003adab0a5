// The event log, checkpoints, inbox, parked events.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

inline constexpr Sql event_log_put{R"sql(
INSERT INTO event_log (
    project_id, seq, engine_version, business_at, wall_at, speed, event_count, events,
    previous_hash, effects_hash, hash)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
)sql"};

inline constexpr Sql event_log_all{R"sql(
SELECT
    project_id, seq, engine_version, business_at, wall_at, speed, event_count, events,
    previous_hash, effects_hash, hash
FROM event_log
WHERE project_id = $1
ORDER BY seq
)sql"};

inline constexpr Sql checkpoint_put{R"sql(
INSERT INTO checkpoint (
    project_id, seq, engine_version, business_at, wall_at, speed, size, log_hash, hash,
    row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (project_id, seq) DO UPDATE SET
    engine_version = excluded.engine_version, business_at = excluded.business_at,
    wall_at = excluded.wall_at, speed = excluded.speed, size = excluded.size,
    log_hash = excluded.log_hash, hash = excluded.hash, row_check = excluded.row_check
)sql"};

inline constexpr Sql checkpoint_all{R"sql(
SELECT
    project_id, seq, engine_version, business_at, wall_at, speed, size, log_hash, hash,
    row_check
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
ON CONFLICT (project_id, source, dedup_key) DO NOTHING
)sql"};

// A body that is no text; `body` is '' then.
inline constexpr Sql inbox_put_raw{R"sql(
INSERT INTO inbox (
    project_id, inbox_id, source, dedup_key, received_wall_at, headers, body, raw_body, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (project_id, source, dedup_key) DO NOTHING
)sql"};

inline constexpr Sql inbox_all{R"sql(
SELECT
    project_id, inbox_id, source, dedup_key, received_wall_at, headers, body, row_check
FROM inbox
WHERE project_id = $1 AND raw_body IS NULL
ORDER BY inbox_id
)sql"};

inline constexpr Sql inbox_raw{R"sql(
SELECT
    project_id, inbox_id, source, dedup_key, received_wall_at, headers, body, raw_body, row_check
FROM inbox
WHERE project_id = $1 AND raw_body IS NOT NULL
ORDER BY inbox_id
)sql"};

inline constexpr Sql parked_event_put{R"sql(
INSERT INTO parked_event (
    project_id, parked_no, event, business_at, wall_at, speed, why, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8)
)sql"};

inline constexpr Sql parked_event_all{R"sql(
SELECT
    project_id, parked_no, event, business_at, wall_at, speed, why, row_check
FROM parked_event
WHERE project_id = $1
ORDER BY parked_no
)sql"};

inline constexpr Sql event_log_after{R"sql(
SELECT
    project_id, seq, engine_version, business_at, wall_at, speed, event_count, events,
    previous_hash, effects_hash, hash
FROM event_log
WHERE project_id = $1 AND seq > $2
ORDER BY seq
LIMIT $3
)sql"};

inline constexpr Sql event_log_last{R"sql(
SELECT seq
FROM event_log
WHERE project_id = $1
ORDER BY seq DESC
LIMIT 1
)sql"};

/// Of the first row behind the newest checkpoint.
inline constexpr Sql event_log_open_version{R"sql(
SELECT engine_version
FROM event_log
WHERE project_id = $1
    AND seq > (SELECT coalesce(max(seq), 0) FROM checkpoint WHERE project_id = $1)
ORDER BY seq
LIMIT 1
)sql"};

inline constexpr Sql event_log_hash{R"sql(
SELECT hash
FROM event_log
WHERE project_id = $1 AND seq = $2
)sql"};

inline constexpr Sql event_log_trim{R"sql(
DELETE FROM event_log
WHERE project_id = $1 AND seq < $2 AND business_at < $3
)sql"};

/// Every project that ever had a batch: what a start has to load. One of the two statements that go
/// over all projects.
inline constexpr Sql logged_projects{R"sql(
SELECT project_id FROM event_log
UNION
SELECT project_id FROM checkpoint
ORDER BY project_id
)sql"};

inline constexpr Sql checkpoint_newest{R"sql(
SELECT
    project_id, seq, engine_version, business_at, wall_at, speed, size, log_hash, hash, row_check
FROM checkpoint
WHERE project_id = $1
ORDER BY seq DESC
)sql"};

inline constexpr Sql checkpoint_trim{R"sql(
DELETE FROM checkpoint
WHERE project_id = $1 AND seq < $2
)sql"};

inline constexpr Sql checkpoint_slice_sizes{R"sql(
SELECT slice, size
FROM checkpoint_slice
WHERE project_id = $1 AND seq = $2
ORDER BY slice
)sql"};

inline constexpr Sql checkpoint_slice_bytes{R"sql(
SELECT slice, bytes
FROM checkpoint_slice
WHERE project_id = $1 AND seq = $2
ORDER BY slice
)sql"};

inline constexpr Sql checkpoint_slice_cut{R"sql(
DELETE FROM checkpoint_slice
WHERE project_id = $1 AND seq = $2 AND slice > $3
)sql"};

/// All but those of two checkpoints.
inline constexpr Sql checkpoint_slice_trim{R"sql(
DELETE FROM checkpoint_slice
WHERE project_id = $1 AND seq <> $2 AND seq <> $3
)sql"};

inline constexpr Sql inbox_find{R"sql(
SELECT inbox_id
FROM inbox
WHERE project_id = $1 AND source = $2 AND dedup_key = $3
)sql"};

inline constexpr Sql parked_event_last{R"sql(
SELECT parked_no
FROM parked_event
WHERE project_id = $1
ORDER BY parked_no DESC
LIMIT 1
)sql"};

}  // namespace mb::store::sql
