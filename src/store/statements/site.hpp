// Projects, tariffs, service points, accounts, agreements, meters.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

inline constexpr Sql project_put{R"sql(
INSERT INTO project (
    project_id, name, zone, config, row_check)
VALUES (
    $1, $2, $3, $4, $5)
ON CONFLICT (project_id) DO UPDATE SET
    name = excluded.name, zone = excluded.zone, config = excluded.config,
    row_check = excluded.row_check
)sql"};

inline constexpr Sql project_all{R"sql(
SELECT
    project_id, name, zone, config, row_check
FROM project
WHERE project_id = $1
)sql"};

inline constexpr Sql tariff_version_put{R"sql(
INSERT INTO tariff_version (
    project_id, tariff_id, code, version, name, effective_from, document, published_at,
    published_wall_at, actor_kind, actor_login_id, actor_name, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
)sql"};

inline constexpr Sql tariff_version_all{R"sql(
SELECT
    project_id, tariff_id, code, version, name, effective_from, document, published_at,
    published_wall_at, actor_kind, actor_login_id, actor_name, row_check
FROM tariff_version
WHERE project_id = $1
ORDER BY tariff_id
)sql"};

inline constexpr Sql service_point_put{R"sql(
INSERT INTO service_point (
    project_id, service_point_id, commodity, building, floor, room, restore_mode, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (project_id, service_point_id) DO UPDATE SET
    commodity = excluded.commodity, building = excluded.building, floor = excluded.floor,
    room = excluded.room, restore_mode = excluded.restore_mode, row_check = excluded.row_check
)sql"};

inline constexpr Sql service_point_all{R"sql(
SELECT
    project_id, service_point_id, commodity, building, floor, room, restore_mode, row_check
FROM service_point
WHERE project_id = $1
ORDER BY service_point_id
)sql"};

inline constexpr Sql account_put{R"sql(
INSERT INTO account (
    project_id, account_id, name, phone, row_check)
VALUES (
    $1, $2, $3, $4, $5)
ON CONFLICT (project_id, account_id) DO UPDATE SET
    name = excluded.name, phone = excluded.phone, row_check = excluded.row_check
)sql"};

inline constexpr Sql account_all{R"sql(
SELECT
    project_id, account_id, name, phone, row_check
FROM account
WHERE project_id = $1
ORDER BY account_id
)sql"};

inline constexpr Sql agreement_put{R"sql(
INSERT INTO agreement (
    project_id, agreement_id, service_point_id, account_id, tariff_code, mode, from_at, to_at,
    row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (project_id, agreement_id) DO UPDATE SET
    service_point_id = excluded.service_point_id, account_id = excluded.account_id,
    tariff_code = excluded.tariff_code, mode = excluded.mode, from_at = excluded.from_at,
    to_at = excluded.to_at, row_check = excluded.row_check
)sql"};

inline constexpr Sql agreement_all{R"sql(
SELECT
    project_id, agreement_id, service_point_id, account_id, tariff_code, mode, from_at, to_at,
    row_check
FROM agreement
WHERE project_id = $1
ORDER BY agreement_id
)sql"};

inline constexpr Sql meter_put{R"sql(
INSERT INTO meter (
    project_id, meter_id, service_point_id, protocol, profile, address, gateway, imei, password,
    modulus, ratio, max_power_w, registers_match_table, from_at, to_at, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (project_id, meter_id) DO UPDATE SET
    service_point_id = excluded.service_point_id, protocol = excluded.protocol,
    profile = excluded.profile, address = excluded.address, gateway = excluded.gateway,
    imei = excluded.imei, password = excluded.password, modulus = excluded.modulus,
    ratio = excluded.ratio, max_power_w = excluded.max_power_w,
    registers_match_table = excluded.registers_match_table, from_at = excluded.from_at,
    to_at = excluded.to_at, row_check = excluded.row_check
)sql"};

inline constexpr Sql meter_all{R"sql(
SELECT
    project_id, meter_id, service_point_id, protocol, profile, address, gateway, imei, password,
    modulus, ratio, max_power_w, registers_match_table, from_at, to_at, row_check
FROM meter
WHERE project_id = $1
ORDER BY meter_id
)sql"};

/// The next project behind $1 that any table knows, NULL behind the last.
inline constexpr Sql next_project{R"sql(
SELECT min(found.next_id)
FROM (
    SELECT min(project_id) AS next_id FROM account WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM agreement WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM alarm WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM bill_line WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM checkpoint WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM checkpoint_slice WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM command WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM daily_proof WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM day_row WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM event_log WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM idempotency WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM inbox WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM meter WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM meter_view WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM notice WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM orders WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM outbox WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM parked_event WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM posting WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM project WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM relay_state WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM service_point WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM tariff_version WHERE project_id > $1
    UNION ALL SELECT min(project_id) FROM timeline WHERE project_id > $1
) AS found
)sql"};

}  // namespace mb::store::sql
