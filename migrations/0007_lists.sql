-- What the list of meters searches, filters and sorts by: the meters in place. Their other columns are
-- read by key, a page at a time.

-- The order of a CROSS JOIN is kept: meter by meter, as the tables lie.
CREATE VIEW meter_list AS
SELECT
    s.project_id, m.meter_id, s.service_point_id, s.building, s.floor, s.room, m.address,
    m.address || ' ' || s.building || ' ' || s.floor || ' ' || s.room || ' '
        || coalesce(a.name, '') AS searched,
    coalesce(v.balance, 0) AS balance,
    coalesce(v.in_arrears, 0) AS in_arrears,
    coalesce(v.online, 0) AS online,
    coalesce(v.last_contact_at, 0) AS last_contact_at,
    v.power_dw,
    coalesce(r.position, 'unknown') AS position
FROM meter m
CROSS JOIN service_point s
LEFT JOIN meter_view v ON v.project_id = m.project_id AND v.meter_id = m.meter_id
LEFT JOIN relay_state r
    ON r.project_id = s.project_id AND r.service_point_id = s.service_point_id
LEFT JOIN account a ON a.project_id = v.project_id AND a.account_id = v.account_id
WHERE m.project_id = s.project_id AND m.service_point_id = s.service_point_id AND m.to_at = 0;

-- Meters taken down: few, and left out of the counts.
CREATE INDEX meter_removed ON meter (project_id, meter_id) WHERE to_at <> 0;
