-- Rows that readings touch: flushed behind the batch.

CREATE TABLE meter_view (
    project_id {i64} NOT NULL,
    meter_id {i64} NOT NULL,
    service_point_id {i64} NOT NULL,
    account_id {i64} NOT NULL,
    agreement_id {i64} NOT NULL,
    registers {blob} NOT NULL,
    reading_at {i64} NOT NULL,
    balance {i64} NOT NULL,
    balance_as_of {i64} NOT NULL,
    ledger_balance {i64} NOT NULL,
    unposted {i64} NOT NULL,
    credit {text} NOT NULL,
    in_arrears {i64} NOT NULL,
    emergency_active {i64} NOT NULL,
    days_left_tenths {i64},
    online {i64} NOT NULL,
    last_contact_at {i64} NOT NULL,
    power_dw {i64},
    power_at {i64} NOT NULL,
    clock_ahead_s {i64},
    energy_today {i64} NOT NULL,
    version {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, meter_id),
    FOREIGN KEY (project_id, meter_id) REFERENCES meter (project_id, meter_id)
        DEFERRABLE INITIALLY DEFERRED
){clustered};

-- A heap: the rows of one day lie together, and those are what a flush writes again and again.
CREATE TABLE day_row (
    project_id {i64} NOT NULL,
    meter_id {i64} NOT NULL,
    day_on {i64} NOT NULL,
    part {i64} NOT NULL,
    closed {i64} NOT NULL,
    charged_count {i64} NOT NULL,
    held_count {i64} NOT NULL,
    excluded_count {i64} NOT NULL,
    packing {text} NOT NULL,
    packed {blob} NOT NULL,
    hash {blob} NOT NULL,
    PRIMARY KEY (project_id, meter_id, day_on, part),
    FOREIGN KEY (project_id, meter_id) REFERENCES meter (project_id, meter_id)
        DEFERRABLE INITIALLY DEFERRED
){heap};
