-- Which migrations a store has seen. Runs at every start, before all others.

CREATE TABLE IF NOT EXISTS schema_migration (
    version {i64} NOT NULL,
    name {text} NOT NULL,
    checksum {text} NOT NULL,
    applied_wall_at {i64} NOT NULL,
    row_check {i64} NOT NULL,
    PRIMARY KEY (version)
){clustered};
