-- Commands, relays, and what people are told of them.

CREATE TABLE command (
    project_id {i64} NOT NULL,
    command_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    meter_id {i64} NOT NULL,
    kind {text} NOT NULL,
    state {text} NOT NULL,
    failure {text} NOT NULL,
    reasons {i64} NOT NULL,
    cause {text} NOT NULL,
    order_no {text} NOT NULL,
    actor_kind {text} NOT NULL,
    actor_login_id {i64} NOT NULL,
    actor_name {text} NOT NULL,
    attempts {i64} NOT NULL,
    deadline_at {i64} NOT NULL,
    created_at {i64} NOT NULL,
    created_wall_at {i64} NOT NULL,
    sent_at {i64} NOT NULL,
    sent_wall_at {i64} NOT NULL,
    acked_at {i64} NOT NULL,
    acked_wall_at {i64} NOT NULL,
    ended_at {i64} NOT NULL,
    ended_wall_at {i64} NOT NULL,
    reading_at {i64} NOT NULL,
    balance {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, command_id),
    FOREIGN KEY (project_id, service_point_id) REFERENCES service_point (project_id, service_point_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE relay_state (
    project_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    reasons {i64} NOT NULL,
    keep_power {i64} NOT NULL,
    no_disconnect {i64} NOT NULL,
    lock_out {i64} NOT NULL,
    manual_confirmed {i64} NOT NULL,
    position {text} NOT NULL,
    position_at {i64} NOT NULL,
    desired {text} NOT NULL,
    command_id {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, service_point_id),
    FOREIGN KEY (project_id, service_point_id) REFERENCES service_point (project_id, service_point_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE notice (
    project_id {i64} NOT NULL,
    notice_id {i64} NOT NULL,
    account_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    kind {text} NOT NULL,
    episode {i64} NOT NULL,
    balance {i64} NOT NULL,
    served_at {i64} NOT NULL,
    served_wall_at {i64} NOT NULL,
    channel {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, notice_id),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE timeline (
    project_id {i64} NOT NULL,
    seq {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    entry_at {i64} NOT NULL,
    entry_wall_at {i64} NOT NULL,
    kind {text} NOT NULL,
    params {text} NOT NULL,
    order_no {text} NOT NULL,
    command_id {i64} NOT NULL,
    actor_kind {text} NOT NULL,
    actor_login_id {i64} NOT NULL,
    actor_name {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, service_point_id, seq),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE alarm (
    project_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    kind {text} NOT NULL,
    params {text} NOT NULL,
    raised_at {i64} NOT NULL,
    raised_wall_at {i64} NOT NULL,
    cleared_at {i64} NOT NULL,
    cleared_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, service_point_id, kind),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE outbox (
    project_id {i64} NOT NULL,
    outbox_id {i64} NOT NULL,
    subject {text} NOT NULL,
    kind {text} NOT NULL,
    command_id {i64} NOT NULL,
    command_kind {text} NOT NULL,
    attempt {i64} NOT NULL,
    meter_id {i64} NOT NULL,
    deadline_at {i64} NOT NULL,
    order_no {text} NOT NULL,
    channel {text} NOT NULL,
    amount {i64} NOT NULL,
    not_before_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, outbox_id),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE INDEX command_service_point ON command (project_id, service_point_id, command_id);

-- Trips and restores of a day.
CREATE INDEX command_switched ON command (project_id, ended_at)
    WHERE state = 'verified' AND kind <> 'read';

CREATE INDEX notice_service_point ON notice (project_id, service_point_id, notice_id);
