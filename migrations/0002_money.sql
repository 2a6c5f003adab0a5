-- Ledger, bills, orders.

CREATE TABLE posting (
    project_id {i64} NOT NULL,
    posting_id {i64} NOT NULL,
    posted_at {i64} NOT NULL,
    posted_on {i64} NOT NULL,
    debit_kind {text} NOT NULL,
    debit_owner {i64} NOT NULL,
    credit_kind {text} NOT NULL,
    credit_owner {i64} NOT NULL,
    amount {i64} NOT NULL,
    cause {text} NOT NULL,
    cause_id {i64} NOT NULL,
    idempotency {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, posting_id),
    UNIQUE (project_id, idempotency),
    CHECK (amount > 0),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE bill_line (
    project_id {i64} NOT NULL,
    agreement_id {i64} NOT NULL,
    line_id {i64} NOT NULL,
    cycle {i64} NOT NULL,
    item {text} NOT NULL,
    band {text} NOT NULL,
    tier {i64} NOT NULL,
    tariff_id {i64} NOT NULL,
    rounding {text} NOT NULL,
    quantity {i64} NOT NULL,
    exact_fen {i64} NOT NULL,
    exact_rest {i64} NOT NULL,
    posted {i64} NOT NULL,
    posted_quantity {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, agreement_id, line_id),
    FOREIGN KEY (project_id, agreement_id) REFERENCES agreement (project_id, agreement_id)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (project_id, tariff_id) REFERENCES tariff_version (project_id, tariff_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE orders (
    project_id {i64} NOT NULL,
    order_no {text} NOT NULL,
    service_point_id {i64} NOT NULL,
    account_id {i64} NOT NULL,
    amount {i64} NOT NULL,
    paid_amount {i64} NOT NULL,
    channel {text} NOT NULL,
    transaction_no {text} NOT NULL,
    source {text} NOT NULL,
    actor_kind {text} NOT NULL,
    actor_login_id {i64} NOT NULL,
    actor_name {text} NOT NULL,
    state {text} NOT NULL,
    failure {text} NOT NULL,
    pay_url {text} NOT NULL,
    command_id {i64} NOT NULL,
    created_at {i64} NOT NULL,
    created_wall_at {i64} NOT NULL,
    paid_at {i64} NOT NULL,
    paid_wall_at {i64} NOT NULL,
    credited_at {i64} NOT NULL,
    credited_wall_at {i64} NOT NULL,
    sent_at {i64} NOT NULL,
    sent_wall_at {i64} NOT NULL,
    acknowledged_at {i64} NOT NULL,
    acknowledged_wall_at {i64} NOT NULL,
    verified_at {i64} NOT NULL,
    verified_wall_at {i64} NOT NULL,
    permit_ready_at {i64} NOT NULL,
    permit_ready_wall_at {i64} NOT NULL,
    load_seen_at {i64} NOT NULL,
    load_seen_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, order_no),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE daily_proof (
    project_id {i64} NOT NULL,
    proof_on {i64} NOT NULL,
    closed_on {i64} NOT NULL,
    received_count {i64} NOT NULL,
    charged_count {i64} NOT NULL,
    held_count {i64} NOT NULL,
    excluded_count {i64} NOT NULL,
    energy {i64} NOT NULL,
    posted {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, proof_on, closed_on),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

-- Receipts of a day: the few postings that are no use.
CREATE INDEX posting_receipts ON posting (project_id, posted_on) WHERE cause <> 'usage';

CREATE INDEX orders_created ON orders (project_id, created_at, order_no);

CREATE INDEX orders_service_point
    ON orders (project_id, service_point_id, created_at, order_no);
