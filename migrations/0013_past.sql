-- What people enter about the past, and what re-rating made of it.

CREATE TABLE amendment (
    project_id {i64} NOT NULL,
    amendment_id {i64} NOT NULL,
    kind {text} NOT NULL,
    service_point_id {i64} NOT NULL,
    meter_id {i64} NOT NULL,
    agreement_id {i64} NOT NULL,
    from_at {i64} NOT NULL,
    reason {text} NOT NULL,
    params {text} NOT NULL,
    entered_at {i64} NOT NULL,
    entered_wall_at {i64} NOT NULL,
    actor_kind {text} NOT NULL,
    actor_login_id {i64} NOT NULL,
    actor_name {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, amendment_id),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE adjustment (
    project_id {i64} NOT NULL,
    adjustment_id {i64} NOT NULL,
    agreement_id {i64} NOT NULL,
    account_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    basis {i64} NOT NULL,
    amendments_to {i64} NOT NULL,
    amount {i64} NOT NULL,
    quantity {i64} NOT NULL,
    lines {text} NOT NULL,
    made_at {i64} NOT NULL,
    made_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, adjustment_id),
    FOREIGN KEY (project_id, agreement_id) REFERENCES agreement (project_id, agreement_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE INDEX adjustment_agreement ON adjustment (project_id, agreement_id, adjustment_id);

CREATE INDEX amendment_point ON amendment (project_id, service_point_id, amendment_id);
