-- What the writer keeps: the log of events, checkpoints of the state behind it, facts from outside.

CREATE TABLE event_log (
    project_id {i64} NOT NULL,
    seq {i64} NOT NULL,
    engine_version {i64} NOT NULL,
    business_at {i64} NOT NULL,
    wall_at {i64} NOT NULL,
    speed {i64} NOT NULL,
    event_count {i64} NOT NULL,
    events {blob} NOT NULL,
    previous_hash {blob} NOT NULL,
    effects_hash {blob} NOT NULL,
    hash {blob} NOT NULL,
    PRIMARY KEY (project_id, seq)
){heap};

CREATE TABLE checkpoint (
    project_id {i64} NOT NULL,
    seq {i64} NOT NULL,
    engine_version {i64} NOT NULL,
    business_at {i64} NOT NULL,
    wall_at {i64} NOT NULL,
    speed {i64} NOT NULL,
    size {i64} NOT NULL,
    log_hash {blob} NOT NULL,
    hash {blob} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, seq)
){clustered};

CREATE TABLE checkpoint_slice (
    project_id {i64} NOT NULL,
    seq {i64} NOT NULL,
    slice {i64} NOT NULL,
    size {i64} NOT NULL,
    bytes {blob} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, seq, slice)
){heap};

CREATE TABLE inbox (
    project_id {i64} NOT NULL,
    inbox_id {i64} NOT NULL,
    source {text} NOT NULL,
    dedup_key {text} NOT NULL,
    received_wall_at {i64} NOT NULL,
    headers {text} NOT NULL,
    body {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, inbox_id),
    UNIQUE (project_id, source, dedup_key)
){heap};

CREATE TABLE parked_event (
    project_id {i64} NOT NULL,
    parked_no {i64} NOT NULL,
    event {blob} NOT NULL,
    business_at {i64} NOT NULL,
    wall_at {i64} NOT NULL,
    speed {i64} NOT NULL,
    why {text} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (project_id, parked_no)
){heap};
