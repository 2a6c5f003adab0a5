-- What there is in a project (design §2). Amounts are fen, quantities 10⁻⁴ of the billing unit, instants UTC
-- microseconds, dates days since 1970-01-01; 0 in an id or instant is "none". row_check covers the columns before it.

CREATE TABLE project (
    project_id {i64} NOT NULL,
    name {text} NOT NULL,
    zone {text} NOT NULL,
    config {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id)
){clustered};

CREATE TABLE tariff_version (
    project_id {i64} NOT NULL,
    tariff_id {i64} NOT NULL,
    code {text} NOT NULL,
    version {i64} NOT NULL,
    name {text} NOT NULL,
    effective_from {i64} NOT NULL,
    document {text} NOT NULL,
    published_at {i64} NOT NULL,
    published_wall_at {i64} NOT NULL,
    actor_kind {text} NOT NULL,
    actor_login_id {i64} NOT NULL,
    actor_name {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, tariff_id),
    UNIQUE (project_id, code, version),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE service_point (
    project_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    commodity {text} NOT NULL,
    building {text} NOT NULL,
    floor {text} NOT NULL,
    room {text} NOT NULL,
    restore_mode {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, service_point_id),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE account (
    project_id {i64} NOT NULL,
    account_id {i64} NOT NULL,
    name {text} NOT NULL,
    phone {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id) REFERENCES project (project_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE agreement (
    project_id {i64} NOT NULL,
    agreement_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    account_id {i64} NOT NULL,
    tariff_code {text} NOT NULL,
    mode {text} NOT NULL,
    from_at {i64} NOT NULL,
    to_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, agreement_id),
    FOREIGN KEY (project_id, service_point_id) REFERENCES service_point (project_id, service_point_id)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (project_id, account_id) REFERENCES account (project_id, account_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

CREATE TABLE meter (
    project_id {i64} NOT NULL,
    meter_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    protocol {text} NOT NULL,
    profile {text} NOT NULL,
    address {text} NOT NULL,
    gateway {text} NOT NULL,
    imei {text} NOT NULL,
    password {text} NOT NULL,
    modulus {i64} NOT NULL,
    ratio {i64} NOT NULL,
    max_power_w {i64} NOT NULL,
    registers_match_table {i64} NOT NULL,
    from_at {i64} NOT NULL,
    to_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, meter_id),
    FOREIGN KEY (project_id, service_point_id) REFERENCES service_point (project_id, service_point_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

-- The list of meters by place; a meter of a service point.
CREATE INDEX service_point_place
    ON service_point (project_id, building, floor, room, service_point_id);

CREATE INDEX meter_service_point ON meter (project_id, service_point_id, to_at, meter_id);
