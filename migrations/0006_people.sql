-- Who may sign in, and what belongs to the installation as a whole.

CREATE TABLE writer_lease (
    name {text} NOT NULL,
    holder {text} NOT NULL,
    epoch {i64} NOT NULL,
    heartbeat_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (name)
){clustered};

CREATE TABLE login (
    login_id {i64} NOT NULL,
    phone {text} NOT NULL,
    name {text} NOT NULL,
    disabled {i64} NOT NULL,
    created_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (login_id),
    UNIQUE (phone)
){clustered};

CREATE TABLE login_role (
    login_id {i64} NOT NULL,
    project_id {i64} NOT NULL,
    role {text} NOT NULL,
    granted_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (login_id, project_id),
    FOREIGN KEY (login_id) REFERENCES login (login_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE login_code (
    login_id {i64} NOT NULL,
    code_hash {blob} NOT NULL,
    tries_left {i64} NOT NULL,
    created_wall_at {i64} NOT NULL,
    expires_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (login_id),
    FOREIGN KEY (login_id) REFERENCES login (login_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE session (
    token_hash {blob} NOT NULL,
    login_id {i64} NOT NULL,
    csrf {text} NOT NULL,
    created_wall_at {i64} NOT NULL,
    last_seen_wall_at {i64} NOT NULL,
    expires_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (login_id) REFERENCES login (login_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE idempotency (
    project_id {i64} NOT NULL,
    login_id {i64} NOT NULL,
    idem_key {text} NOT NULL,
    body_hash {blob} NOT NULL,
    status {i64} NOT NULL,
    answer {text} NOT NULL,
    claimed_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, login_id, idem_key)
){heap};

CREATE TABLE business_clock (
    clock_id {i64} NOT NULL,
    business_at {i64} NOT NULL,
    wall_at {i64} NOT NULL,
    speed {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (clock_id)
){clustered};

CREATE INDEX session_login ON session (login_id);

CREATE INDEX session_expiry ON session (expires_wall_at);
