-- Where lists find their candidates at a hundred thousand meters. Those of meter_view hold the few that are
-- out of order: a flush, which writes its rows again and again, leaves them alone for all the others.

CREATE INDEX meter_view_arrears ON meter_view (project_id, meter_id) WHERE in_arrears = 1;

CREATE INDEX meter_view_lost ON meter_view (project_id, meter_id) WHERE online = 0;

CREATE INDEX relay_state_position ON relay_state (project_id, position, service_point_id);

-- The meters in place by code; counted and searched without their rows.
CREATE INDEX meter_address ON meter (project_id, to_at, address, meter_id);

-- From the name of an account to its meter.
CREATE INDEX agreement_account ON agreement (project_id, account_id, service_point_id);
