-- What was never seen before? Principals, addresses, regions and services whose first event is after the baseline,
-- here the first of August.
WITH seen AS (
  SELECT 'principal' AS kind, principal AS value, event_date, first_event_time, events FROM activity
  UNION ALL
  SELECT 'address', source_ip_address, event_date, first_event_time, events FROM activity
  UNION ALL
  SELECT 'region', aws_region, event_date, first_event_time, events FROM activity
  UNION ALL
  SELECT 'service', event_source, event_date, first_event_time, events FROM activity
)
SELECT kind, value, min(first_event_time) AS first_seen, sum(events) AS calls
FROM seen
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND value IS NOT NULL
GROUP BY 1, 2
HAVING min(event_date) > DATE '2026-08-01'
ORDER BY kind, first_seen, value;
