// Logins, sessions, idempotency keys, the lease, the business clock.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

inline constexpr Sql writer_lease_put{R"sql(
INSERT INTO writer_lease (
    name, holder, epoch, heartbeat_wall_at, folder, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO NOTHING
)sql"};

/// $7, $8: the epoch and the heartbeat the row must still have.
inline constexpr Sql writer_lease_change{R"sql(
UPDATE writer_lease
SET holder = $2, epoch = $3, heartbeat_wall_at = $4, folder = $5, row_check = $6
WHERE name = $1 AND epoch = $7 AND heartbeat_wall_at = $8
)sql"};

inline constexpr Sql writer_lease_all{R"sql(
SELECT
    name, holder, epoch, heartbeat_wall_at, folder, row_check
FROM writer_lease
ORDER BY name
)sql"};

inline constexpr Sql login_put{R"sql(
INSERT INTO login (
    login_id, phone, name, disabled, created_wall_at, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6)
ON CONFLICT (login_id) DO UPDATE SET
    phone = excluded.phone, name = excluded.name, disabled = excluded.disabled,
    created_wall_at = excluded.created_wall_at, row_check = excluded.row_check
)sql"};

inline constexpr Sql login_all{R"sql(
SELECT
    login_id, phone, name, disabled, created_wall_at, row_check
FROM login
ORDER BY login_id
)sql"};

inline constexpr Sql login_role_put{R"sql(
INSERT INTO login_role (
    login_id, project_id, role, granted_wall_at, row_check)
VALUES (
    $1, $2, $3, $4, $5)
ON CONFLICT (login_id, project_id) DO UPDATE SET
    role = excluded.role, granted_wall_at = excluded.granted_wall_at,
    row_check = excluded.row_check
)sql"};

inline constexpr Sql login_role_all{R"sql(
SELECT
    login_id, project_id, role, granted_wall_at, row_check
FROM login_role
ORDER BY login_id, project_id
)sql"};

inline constexpr Sql login_code_put{R"sql(
INSERT INTO login_code (
    login_id, code_hash, tries_left, created_wall_at, expires_wall_at, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6)
ON CONFLICT (login_id) DO UPDATE SET
    code_hash = excluded.code_hash, tries_left = excluded.tries_left,
    created_wall_at = excluded.created_wall_at, expires_wall_at = excluded.expires_wall_at,
    row_check = excluded.row_check
)sql"};

inline constexpr Sql login_code_all{R"sql(
SELECT
    login_id, code_hash, tries_left, created_wall_at, expires_wall_at, row_check
FROM login_code
ORDER BY login_id
)sql"};

inline constexpr Sql session_put{R"sql(
INSERT INTO session (
    token_hash, login_id, csrf, created_wall_at, last_seen_wall_at, expires_wall_at, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (token_hash) DO UPDATE SET
    login_id = excluded.login_id, csrf = excluded.csrf,
    created_wall_at = excluded.created_wall_at, last_seen_wall_at = excluded.last_seen_wall_at,
    expires_wall_at = excluded.expires_wall_at, row_check = excluded.row_check
)sql"};

inline constexpr Sql session_all{R"sql(
SELECT
    token_hash, login_id, csrf, created_wall_at, last_seen_wall_at, expires_wall_at, row_check
FROM session
ORDER BY token_hash
)sql"};

inline constexpr Sql idempotency_put{R"sql(
INSERT INTO idempotency (
    project_id, login_id, idem_key, body_hash, status, answer, claimed_wall_at, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (project_id, login_id, idem_key) DO NOTHING
)sql"};

inline constexpr Sql idempotency_all{R"sql(
SELECT
    project_id, login_id, idem_key, body_hash, status, answer, claimed_wall_at, row_check
FROM idempotency
WHERE project_id = $1
ORDER BY login_id, idem_key
)sql"};

inline constexpr Sql business_clock_put{R"sql(
INSERT INTO business_clock (
    clock_id, business_at, wall_at, speed, row_check)
VALUES (
    $1, $2, $3, $4, $5)
ON CONFLICT (clock_id) DO UPDATE SET
    business_at = excluded.business_at, wall_at = excluded.wall_at, speed = excluded.speed,
    row_check = excluded.row_check
)sql"};

inline constexpr Sql business_clock_all{R"sql(
SELECT
    clock_id, business_at, wall_at, speed, row_check
FROM business_clock
ORDER BY clock_id
)sql"};

inline constexpr Sql login_one{R"sql(
SELECT
    login_id, phone, name, disabled, created_wall_at, row_check
FROM login
WHERE login_id = $1
)sql"};

inline constexpr Sql login_of_phone{R"sql(
SELECT
    login_id, phone, name, disabled, created_wall_at, row_check
FROM login
WHERE phone = $1
)sql"};

inline constexpr Sql login_role_one{R"sql(
SELECT
    login_id, project_id, role, granted_wall_at, row_check
FROM login_role
WHERE login_id = $1 AND project_id = $2
)sql"};

inline constexpr Sql login_role_of_login{R"sql(
SELECT
    login_id, project_id, role, granted_wall_at, row_check
FROM login_role
WHERE login_id = $1
ORDER BY project_id
)sql"};

inline constexpr Sql login_role_of_project{R"sql(
SELECT
    login_id, project_id, role, granted_wall_at, row_check
FROM login_role
WHERE project_id = $1
ORDER BY login_id
)sql"};

inline constexpr Sql login_role_revoke{R"sql(
DELETE FROM login_role
WHERE login_id = $1 AND project_id = $2
)sql"};

inline constexpr Sql login_code_one{R"sql(
SELECT
    login_id, code_hash, tries_left, created_wall_at, expires_wall_at, row_check
FROM login_code
WHERE login_id = $1
)sql"};

inline constexpr Sql login_code_drop{R"sql(
DELETE FROM login_code
WHERE login_id = $1
)sql"};

inline constexpr Sql session_one{R"sql(
SELECT
    token_hash, login_id, csrf, created_wall_at, last_seen_wall_at, expires_wall_at, row_check
FROM session
WHERE token_hash = $1
)sql"};

inline constexpr Sql session_drop{R"sql(
DELETE FROM session
WHERE token_hash = $1
)sql"};

inline constexpr Sql session_drop_of_login{R"sql(
DELETE FROM session
WHERE login_id = $1
)sql"};

inline constexpr Sql session_drop_expired{R"sql(
DELETE FROM session
WHERE expires_wall_at <= $1
)sql"};

inline constexpr Sql idempotency_one{R"sql(
SELECT
    project_id, login_id, idem_key, body_hash, status, answer, claimed_wall_at, row_check
FROM idempotency
WHERE project_id = $1 AND login_id = $2 AND idem_key = $3
)sql"};

inline constexpr Sql login_last{R"sql(
SELECT login_id
FROM login
ORDER BY login_id DESC
LIMIT 1
)sql"};

}  // namespace mb::store::sql
