// Commands, relays, notices, timelines, alarms, outbox.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

inline constexpr Sql command_put{R"sql(
INSERT INTO command (
    project_id, command_id, service_point_id, meter_id, kind, state, failure, reasons, cause,
    order_no, actor_kind, actor_login_id, actor_name, attempts, deadline_at, created_at,
    created_wall_at, sent_at, sent_wall_at, acked_at, acked_wall_at, ended_at, ended_wall_at,
    reading_at, balance, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26)
ON CONFLICT (project_id, command_id) DO UPDATE SET
    service_point_id = excluded.service_point_id, meter_id = excluded.meter_id,
    kind = excluded.kind, state = excluded.state, failure = excluded.failure,
    reasons = excluded.reasons, cause = excluded.cause, order_no = excluded.order_no,
    actor_kind = excluded.actor_kind, actor_login_id = excluded.actor_login_id,
    actor_name = excluded.actor_name, attempts = excluded.attempts,
    deadline_at = excluded.deadline_at, created_at = excluded.created_at,
    created_wall_at = excluded.created_wall_at, sent_at = excluded.sent_at,
    sent_wall_at = excluded.sent_wall_at, acked_at = excluded.acked_at,
    acked_wall_at = excluded.acked_wall_at, ended_at = excluded.ended_at,
    ended_wall_at = excluded.ended_wall_at, reading_at = excluded.reading_at,
    balance = excluded.balance, row_check = excluded.row_check
)sql"};

inline constexpr Sql command_all{R"sql(
SELECT
    project_id, command_id, service_point_id, meter_id, kind, state, failure, reasons, cause,
    order_no, actor_kind, actor_login_id, actor_name, attempts, deadline_at, created_at,
    created_wall_at, sent_at, sent_wall_at, acked_at, acked_wall_at, ended_at, ended_wall_at,
    reading_at, balance, row_check
FROM command
WHERE project_id = $1
ORDER BY command_id
)sql"};

inline constexpr Sql relay_state_put{R"sql(
INSERT INTO relay_state (
    project_id, service_point_id, reasons, keep_power, no_disconnect, lock_out,
    manual_confirmed, position, position_at, desired, command_id, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (project_id, service_point_id) DO UPDATE SET
    reasons = excluded.reasons, keep_power = excluded.keep_power,
    no_disconnect = excluded.no_disconnect, lock_out = excluded.lock_out,
    manual_confirmed = excluded.manual_confirmed, position = excluded.position,
    position_at = excluded.position_at, desired = excluded.desired,
    command_id = excluded.command_id, row_check = excluded.row_check
)sql"};

inline constexpr Sql relay_state_all{R"sql(
SELECT
    project_id, service_point_id, reasons, keep_power, no_disconnect, lock_out,
    manual_confirmed, position, position_at, desired, command_id, row_check
FROM relay_state
WHERE project_id = $1
ORDER BY service_point_id
)sql"};

inline constexpr Sql notice_put{R"sql(
INSERT INTO notice (
    project_id, notice_id, account_id, service_point_id, kind, episode, balance, served_at,
    served_wall_at, channel, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
)sql"};

inline constexpr Sql notice_all{R"sql(
SELECT
    project_id, notice_id, account_id, service_point_id, kind, episode, balance, served_at,
    served_wall_at, channel, row_check
FROM notice
WHERE project_id = $1
ORDER BY notice_id
)sql"};

inline constexpr Sql timeline_put{R"sql(
INSERT INTO timeline (
    project_id, seq, service_point_id, entry_at, entry_wall_at, kind, params, order_no,
    command_id, actor_kind, actor_login_id, actor_name, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
)sql"};

inline constexpr Sql timeline_all{R"sql(
SELECT
    project_id, seq, service_point_id, entry_at, entry_wall_at, kind, params, order_no,
    command_id, actor_kind, actor_login_id, actor_name, row_check
FROM timeline
WHERE project_id = $1
ORDER BY service_point_id, seq
)sql"};

inline constexpr Sql alarm_put{R"sql(
INSERT INTO alarm (
    project_id, service_point_id, kind, params, raised_at, raised_wall_at, cleared_at,
    cleared_wall_at, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (project_id, service_point_id, kind) DO UPDATE SET
    params = excluded.params, raised_at = excluded.raised_at,
    raised_wall_at = excluded.raised_wall_at, cleared_at = excluded.cleared_at,
    cleared_wall_at = excluded.cleared_wall_at, row_check = excluded.row_check
)sql"};

inline constexpr Sql alarm_all{R"sql(
SELECT
    project_id, service_point_id, kind, params, raised_at, raised_wall_at, cleared_at,
    cleared_wall_at, row_check
FROM alarm
WHERE project_id = $1
ORDER BY service_point_id, kind
)sql"};

inline constexpr Sql outbox_put{R"sql(
INSERT INTO outbox (
    project_id, outbox_id, subject, kind, command_id, command_kind, attempt, meter_id,
    deadline_at, order_no, channel, amount, not_before_at, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
)sql"};

inline constexpr Sql outbox_all{R"sql(
SELECT
    project_id, outbox_id, subject, kind, command_id, command_kind, attempt, meter_id,
    deadline_at, order_no, channel, amount, not_before_at, row_check
FROM outbox
WHERE project_id = $1
ORDER BY outbox_id
)sql"};

inline constexpr Sql outbox_done{R"sql(
DELETE FROM outbox
WHERE project_id = $1 AND outbox_id = $2
)sql"};

}  // namespace mb::store::sql
