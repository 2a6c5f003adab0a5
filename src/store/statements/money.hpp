// Ledger, bills, orders.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

inline constexpr Sql posting_put{R"sql(
INSERT INTO posting (
    project_id, posting_id, posted_at, posted_on, debit_kind, debit_owner, credit_kind,
    credit_owner, amount, cause, cause_id, idempotency, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
)sql"};

inline constexpr Sql posting_all{R"sql(
SELECT
    project_id, posting_id, posted_at, posted_on, debit_kind, debit_owner, credit_kind,
    credit_owner, amount, cause, cause_id, idempotency, row_check
FROM posting
WHERE project_id = $1
ORDER BY posting_id
)sql"};

inline constexpr Sql bill_line_put{R"sql(
INSERT INTO bill_line (
    project_id, agreement_id, line_id, cycle, item, item_index, tariff_id, price_set, tier, band,
    rounding, quantity, exact_fen, exact_rest, posted, posted_quantity, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (project_id, agreement_id, line_id) DO UPDATE SET
    cycle = excluded.cycle, item = excluded.item, item_index = excluded.item_index,
    tariff_id = excluded.tariff_id, price_set = excluded.price_set, tier = excluded.tier,
    band = excluded.band, rounding = excluded.rounding, quantity = excluded.quantity,
    exact_fen = excluded.exact_fen, exact_rest = excluded.exact_rest, posted = excluded.posted,
    posted_quantity = excluded.posted_quantity, row_check = excluded.row_check
)sql"};

/// Of one agreement.
inline constexpr Sql bill_line_of{R"sql(
SELECT
    project_id, agreement_id, line_id, cycle, item, item_index, tariff_id, price_set, tier, band,
    rounding, quantity, exact_fen, exact_rest, posted, posted_quantity, row_check
FROM bill_line
WHERE project_id = $1 AND agreement_id = $2
ORDER BY line_id
)sql"};

inline constexpr Sql amendment_put{R"sql(
INSERT INTO amendment (
    project_id, amendment_id, kind, service_point_id, meter_id, agreement_id, from_at, reason,
    params, entered_at, entered_wall_at, actor_kind, actor_login_id, actor_name, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
)sql"};

inline constexpr Sql amendment_all{R"sql(
SELECT
    project_id, amendment_id, kind, service_point_id, meter_id, agreement_id, from_at, reason,
    params, entered_at, entered_wall_at, actor_kind, actor_login_id, actor_name, row_check
FROM amendment
WHERE project_id = $1
ORDER BY amendment_id
)sql"};

/// Newest first, of one point; those of tariffs are of point 0.
inline constexpr Sql amendment_of{R"sql(
SELECT
    project_id, amendment_id, kind, service_point_id, meter_id, agreement_id, from_at, reason,
    params, entered_at, entered_wall_at, actor_kind, actor_login_id, actor_name, row_check
FROM amendment
WHERE project_id = $1 AND service_point_id = $2 AND amendment_id < $3
ORDER BY amendment_id DESC
LIMIT $4
)sql"};

inline constexpr Sql adjustment_put{R"sql(
INSERT INTO adjustment (
    project_id, adjustment_id, agreement_id, account_id, service_point_id, basis, amendments_to,
    amount, quantity, lines, made_at, made_wall_at, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
)sql"};

inline constexpr Sql adjustment_all{R"sql(
SELECT
    project_id, adjustment_id, agreement_id, account_id, service_point_id, basis, amendments_to,
    amount, quantity, lines, made_at, made_wall_at, row_check
FROM adjustment
WHERE project_id = $1
ORDER BY adjustment_id
)sql"};

/// Newest first, of one agreement.
inline constexpr Sql adjustment_of{R"sql(
SELECT
    project_id, adjustment_id, agreement_id, account_id, service_point_id, basis, amendments_to,
    amount, quantity, lines, made_at, made_wall_at, row_check
FROM adjustment
WHERE project_id = $1 AND agreement_id = $2 AND adjustment_id < $3
ORDER BY adjustment_id DESC
LIMIT $4
)sql"};

inline constexpr Sql bill_line_all{R"sql(
SELECT
    project_id, agreement_id, line_id, cycle, item, item_index, tariff_id, price_set, tier, band,
    rounding, quantity, exact_fen, exact_rest, posted, posted_quantity, row_check
FROM bill_line
WHERE project_id = $1
ORDER BY agreement_id, line_id
)sql"};

inline constexpr Sql orders_put{R"sql(
INSERT INTO orders (
    project_id, order_no, service_point_id, account_id, amount, paid_amount, channel,
    transaction_no, source, actor_kind, actor_login_id, actor_name, state, failure, pay_url,
    command_id, created_at, created_wall_at, paid_at, paid_wall_at, credited_at,
    credited_wall_at, sent_at, sent_wall_at, acknowledged_at, acknowledged_wall_at, verified_at,
    verified_wall_at, permit_ready_at, permit_ready_wall_at, load_seen_at, load_seen_wall_at,
    row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)
ON CONFLICT (project_id, order_no) DO UPDATE SET
    service_point_id = excluded.service_point_id, account_id = excluded.account_id,
    amount = excluded.amount, paid_amount = excluded.paid_amount, channel = excluded.channel,
    transaction_no = excluded.transaction_no, source = excluded.source,
    actor_kind = excluded.actor_kind, actor_login_id = excluded.actor_login_id,
    actor_name = excluded.actor_name, state = excluded.state, failure = excluded.failure,
    pay_url = excluded.pay_url, command_id = excluded.command_id,
    created_at = excluded.created_at, created_wall_at = excluded.created_wall_at,
    paid_at = excluded.paid_at, paid_wall_at = excluded.paid_wall_at,
    credited_at = excluded.credited_at, credited_wall_at = excluded.credited_wall_at,
    sent_at = excluded.sent_at, sent_wall_at = excluded.sent_wall_at,
    acknowledged_at = excluded.acknowledged_at,
    acknowledged_wall_at = excluded.acknowledged_wall_at, verified_at = excluded.verified_at,
    verified_wall_at = excluded.verified_wall_at, permit_ready_at = excluded.permit_ready_at,
    permit_ready_wall_at = excluded.permit_ready_wall_at, load_seen_at = excluded.load_seen_at,
    load_seen_wall_at = excluded.load_seen_wall_at, row_check = excluded.row_check
)sql"};

inline constexpr Sql orders_all{R"sql(
SELECT
    project_id, order_no, service_point_id, account_id, amount, paid_amount, channel,
    transaction_no, source, actor_kind, actor_login_id, actor_name, state, failure, pay_url,
    command_id, created_at, created_wall_at, paid_at, paid_wall_at, credited_at,
    credited_wall_at, sent_at, sent_wall_at, acknowledged_at, acknowledged_wall_at, verified_at,
    verified_wall_at, permit_ready_at, permit_ready_wall_at, load_seen_at, load_seen_wall_at,
    row_check
FROM orders
WHERE project_id = $1
ORDER BY order_no
)sql"};

inline constexpr Sql daily_proof_put{R"sql(
INSERT INTO daily_proof (
    project_id, proof_on, closed_on, received_count, charged_count, held_count, excluded_count,
    energy, posted, row_check)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
)sql"};

inline constexpr Sql daily_proof_all{R"sql(
SELECT
    project_id, proof_on, closed_on, received_count, charged_count, held_count, excluded_count,
    energy, posted, row_check
FROM daily_proof
WHERE project_id = $1
ORDER BY proof_on, closed_on
)sql"};

}  // namespace mb::store::sql
