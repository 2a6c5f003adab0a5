// Queries of the API, on read connections. Each is pinned to one project.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

// ---- meters
// ----------------------------------------------------------------------------------------

// What a list of meters is made of (store/meter_list.hpp), read once: a page of it reads by key.

inline constexpr Sql meter_list_places{R"sql(
SELECT service_point_id, building, floor, room
FROM service_point
WHERE project_id = $1
)sql"};

inline constexpr Sql meter_list_meters{R"sql(
SELECT meter_id, service_point_id, address
FROM meter
WHERE project_id = $1 AND to_at = 0
)sql"};

inline constexpr Sql meter_list_accounts{R"sql(
SELECT account_id, name
FROM account
WHERE project_id = $1
)sql"};

inline constexpr Sql meter_list_positions{R"sql(
SELECT service_point_id, position
FROM relay_state
WHERE project_id = $1
)sql"};

inline constexpr Sql meter_list_states{R"sql(
SELECT
    meter_id, account_id, balance, last_contact_at, coalesce(power_dw, 0), in_arrears, online
FROM meter_view
WHERE project_id = $1
)sql"};

inline constexpr Sql meters_in_place{R"sql(
SELECT meter_id, service_point_id
FROM meter
WHERE project_id = $1 AND to_at = 0
ORDER BY meter_id
)sql"};

/// $2: first instant of the business day.
inline constexpr Sql energy_since{R"sql(
SELECT CAST(coalesce(sum(energy_today), 0) AS bigint)
FROM meter_view
WHERE project_id = $1 AND reading_at >= $2
    AND meter_id NOT IN (SELECT meter_id FROM meter WHERE project_id = $1 AND to_at <> 0)
)sql"};

inline constexpr Sql meter_of_point{R"sql(
SELECT meter_id
FROM meter
WHERE project_id = $1 AND service_point_id = $2
ORDER BY meter_id DESC
LIMIT 1
)sql"};

inline constexpr Sql project_one{R"sql(
SELECT
    project_id, name, zone, config, row_check
FROM project
WHERE project_id = $1
)sql"};

inline constexpr Sql meter_one{R"sql(
SELECT
    project_id, meter_id, service_point_id, protocol, profile, address, gateway, imei, password,
    modulus, ratio, max_power_w, registers_match_table, from_at, to_at, row_check
FROM meter
WHERE project_id = $1 AND meter_id = $2
)sql"};

inline constexpr Sql service_point_one{R"sql(
SELECT
    project_id, service_point_id, commodity, building, floor, room, restore_mode, row_check
FROM service_point
WHERE project_id = $1 AND service_point_id = $2
)sql"};

inline constexpr Sql account_one{R"sql(
SELECT
    project_id, account_id, name, phone, row_check
FROM account
WHERE project_id = $1 AND account_id = $2
)sql"};

inline constexpr Sql agreement_one{R"sql(
SELECT
    project_id, agreement_id, service_point_id, account_id, tariff_code, mode, from_at, to_at,
    row_check
FROM agreement
WHERE project_id = $1 AND agreement_id = $2
)sql"};

inline constexpr Sql meter_view_one{R"sql(
SELECT
    project_id, meter_id, service_point_id, account_id, agreement_id, registers, reading_at,
    balance, balance_as_of, ledger_balance, unposted, credit, in_arrears, emergency_active,
    days_left_tenths, online, last_contact_at, power_dw, power_at, clock_ahead_s, energy_today,
    version, row_check
FROM meter_view
WHERE project_id = $1 AND meter_id = $2
)sql"};

inline constexpr Sql relay_state_one{R"sql(
SELECT
    project_id, service_point_id, reasons, keep_power, no_disconnect, lock_out,
    manual_confirmed, position, position_at, desired, command_id, row_check
FROM relay_state
WHERE project_id = $1 AND service_point_id = $2
)sql"};

inline constexpr Sql command_one{R"sql(
SELECT
    project_id, command_id, service_point_id, meter_id, kind, state, failure, reasons, cause,
    order_no, actor_kind, actor_login_id, actor_name, attempts, deadline_at, created_at,
    created_wall_at, sent_at, sent_wall_at, acked_at, acked_wall_at, ended_at, ended_wall_at,
    reading_at, balance, row_check
FROM command
WHERE project_id = $1 AND command_id = $2
)sql"};

inline constexpr Sql orders_one{R"sql(
SELECT
    project_id, order_no, service_point_id, account_id, amount, paid_amount, channel,
    transaction_no, source, actor_kind, actor_login_id, actor_name, state, failure, pay_url,
    command_id, created_at, created_wall_at, paid_at, paid_wall_at, credited_at,
    credited_wall_at, sent_at, sent_wall_at, acknowledged_at, acknowledged_wall_at, verified_at,
    verified_wall_at, permit_ready_at, permit_ready_wall_at, load_seen_at, load_seen_wall_at,
    row_check
FROM orders
WHERE project_id = $1 AND order_no = $2
)sql"};

inline constexpr Sql tariff_version_of_code{R"sql(
SELECT
    project_id, tariff_id, code, version, name, effective_from, document, published_at,
    published_wall_at, actor_kind, actor_login_id, actor_name, row_check
FROM tariff_version
WHERE project_id = $1 AND code = $2
ORDER BY version
)sql"};

inline constexpr Sql day_row_of_day{R"sql(
SELECT
    project_id, meter_id, day_on, part, closed, charged_count, held_count, excluded_count,
    packing, packed, hash
FROM day_row
WHERE project_id = $1 AND meter_id = $2 AND day_on = $3
ORDER BY part
)sql"};

// ---- orders
// ----------------------------------------------------------------------------------------

inline constexpr Sql orders_page{R"sql(
SELECT
    project_id, order_no, service_point_id, account_id, amount, paid_amount, channel,
    transaction_no, source, actor_kind, actor_login_id, actor_name, state, failure, pay_url,
    command_id, created_at, created_wall_at, paid_at, paid_wall_at, credited_at,
    credited_wall_at, sent_at, sent_wall_at, acknowledged_at, acknowledged_wall_at, verified_at,
    verified_wall_at, permit_ready_at, permit_ready_wall_at, load_seen_at, load_seen_wall_at,
    row_check
FROM orders
WHERE project_id = $1
    AND ($2 = '' OR state = $2)
    AND ($3 = '' OR order_no LIKE $3 ESCAPE '!')
ORDER BY created_at DESC, order_no DESC
LIMIT $4 OFFSET $5
)sql"};

inline constexpr Sql orders_total{R"sql(
SELECT count(*)
FROM orders
WHERE project_id = $1
    AND ($2 = '' OR state = $2)
    AND ($3 = '' OR order_no LIKE $3 ESCAPE '!')
)sql"};

inline constexpr Sql orders_of_point{R"sql(
SELECT
    project_id, order_no, service_point_id, account_id, amount, paid_amount, channel,
    transaction_no, source, actor_kind, actor_login_id, actor_name, state, failure, pay_url,
    command_id, created_at, created_wall_at, paid_at, paid_wall_at, credited_at,
    credited_wall_at, sent_at, sent_wall_at, acknowledged_at, acknowledged_wall_at, verified_at,
    verified_wall_at, permit_ready_at, permit_ready_wall_at, load_seen_at, load_seen_wall_at,
    row_check
FROM orders
WHERE project_id = $1 AND service_point_id = $2
    AND (created_at < $3 OR (created_at = $3 AND order_no < $4))
ORDER BY created_at DESC, order_no DESC
LIMIT $5
)sql"};

// ---- commands, timeline, notices, alarms
// --------------------------------------------------------------

inline constexpr Sql command_of_point{R"sql(
SELECT
    project_id, command_id, service_point_id, meter_id, kind, state, failure, reasons, cause,
    order_no, actor_kind, actor_login_id, actor_name, attempts, deadline_at, created_at,
    created_wall_at, sent_at, sent_wall_at, acked_at, acked_wall_at, ended_at, ended_wall_at,
    reading_at, balance, row_check
FROM command
WHERE project_id = $1 AND service_point_id = $2 AND command_id < $3
ORDER BY command_id DESC
LIMIT $4
)sql"};

inline constexpr Sql timeline_of_point{R"sql(
SELECT
    project_id, seq, service_point_id, entry_at, entry_wall_at, kind, params, order_no,
    command_id, actor_kind, actor_login_id, actor_name, row_check
FROM timeline
WHERE project_id = $1 AND service_point_id = $2 AND seq < $3
ORDER BY seq DESC
LIMIT $4
)sql"};

inline constexpr Sql notice_newest{R"sql(
SELECT
    project_id, notice_id, account_id, service_point_id, kind, episode, balance, served_at,
    served_wall_at, channel, row_check
FROM notice
WHERE project_id = $1 AND notice_id < $2
ORDER BY notice_id DESC
LIMIT $3
)sql"};

inline constexpr Sql notice_of_point{R"sql(
SELECT
    project_id, notice_id, account_id, service_point_id, kind, episode, balance, served_at,
    served_wall_at, channel, row_check
FROM notice
WHERE project_id = $1 AND service_point_id = $2 AND notice_id < $3
ORDER BY notice_id DESC
LIMIT $4
)sql"};

inline constexpr Sql alarm_open{R"sql(
SELECT
    project_id, service_point_id, kind, params, raised_at, raised_wall_at, cleared_at,
    cleared_wall_at, row_check
FROM alarm
WHERE project_id = $1 AND cleared_at = 0
ORDER BY service_point_id, kind
)sql"};

// ---- a day's numbers
// ----------------------------------------------------------------------------------

inline constexpr Sql receipts_of_day{R"sql(
SELECT CAST(coalesce(sum(amount), 0) AS bigint)
FROM posting
WHERE project_id = $1 AND posted_on = $2
    AND cause IN ('payment', 'suspense_payment')
)sql"};

/// $2: first instant of the business day.
inline constexpr Sql switched_since{R"sql(
SELECT
    count(*) FILTER (WHERE kind = 'trip'),
    count(*) FILTER (WHERE kind <> 'trip')
FROM command
WHERE project_id = $1 AND ended_at >= $2 AND state = 'verified' AND kind <> 'read'
)sql"};

/// What the change stream compares.
inline constexpr Sql meter_view_versions{R"sql(
SELECT meter_id, version
FROM meter_view
WHERE project_id = $1
ORDER BY meter_id
)sql"};

}  // namespace mb::store::sql
