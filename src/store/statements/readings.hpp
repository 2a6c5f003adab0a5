// Meter views and day rows.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

inline constexpr Sql meter_view_put{R"sql(
INSERT INTO meter_view (
    project_id, meter_id, service_point_id, account_id, agreement_id, registers, reading_at,
    balance, balance_as_of, ledger_balance, unposted, credit, in_arrears, emergency_active,
    days_left_tenths, online, last_contact_at, power_dw, power_at, clock_ahead_s, energy_today,
    version, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23)
ON CONFLICT (project_id, meter_id) DO UPDATE SET
    service_point_id = excluded.service_point_id, account_id = excluded.account_id,
    agreement_id = excluded.agreement_id, registers = excluded.registers,
    reading_at = excluded.reading_at, balance = excluded.balance,
    balance_as_of = excluded.balance_as_of, ledger_balance = excluded.ledger_balance,
    unposted = excluded.unposted, credit = excluded.credit, in_arrears = excluded.in_arrears,
    emergency_active = excluded.emergency_active, days_left_tenths = excluded.days_left_tenths,
    online = excluded.online, last_contact_at = excluded.last_contact_at,
    power_dw = excluded.power_dw, power_at = excluded.power_at,
    clock_ahead_s = excluded.clock_ahead_s, energy_today = excluded.energy_today,
    version = excluded.version, row_check = excluded.row_check
)sql"};

inline constexpr Sql meter_view_all{R"sql(
SELECT
    project_id, meter_id, service_point_id, account_id, agreement_id, registers, reading_at,
    balance, balance_as_of, ledger_balance, unposted, credit, in_arrears, emergency_active,
    days_left_tenths, online, last_contact_at, power_dw, power_at, clock_ahead_s, energy_today,
    version, row_check
FROM meter_view
WHERE project_id = $1
ORDER BY meter_id
)sql"};

inline constexpr Sql day_row_put{R"sql(
INSERT INTO day_row (
    project_id, meter_id, day_on, part, closed, charged_count, held_count, excluded_count,
    packing, packed, hash)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (project_id, meter_id, day_on, part) DO UPDATE SET
    closed = excluded.closed, charged_count = excluded.charged_count,
    held_count = excluded.held_count, excluded_count = excluded.excluded_count,
    packing = excluded.packing, packed = excluded.packed, hash = excluded.hash
)sql"};

inline constexpr Sql day_row_all{R"sql(
SELECT
    project_id, meter_id, day_on, part, closed, charged_count, held_count, excluded_count,
    packing, packed, hash
FROM day_row
WHERE project_id = $1
ORDER BY meter_id, day_on, part
)sql"};

/// Of one meter, [$3, $4), every part.
inline constexpr Sql day_row_of_meter{R"sql(
SELECT
    project_id, meter_id, day_on, part, closed, charged_count, held_count, excluded_count,
    packing, packed, hash
FROM day_row
WHERE project_id = $1 AND meter_id = $2 AND day_on >= $3 AND day_on < $4
ORDER BY day_on, part
)sql"};

/// Hash of the part before: the chain of a meter's day.
inline constexpr Sql day_row_previous{R"sql(
SELECT hash
FROM day_row
WHERE project_id = $1 AND meter_id = $2 AND day_on = $3 AND part < $4
ORDER BY part DESC
LIMIT 1
)sql"};

}  // namespace mb::store::sql
