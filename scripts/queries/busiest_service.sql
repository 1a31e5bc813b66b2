-- What makes the busiest service busy? Its calls by action, principal and address.
WITH busiest AS (
  SELECT event_source
  FROM activity
  WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  GROUP BY 1
  ORDER BY sum(events) DESC, event_source
  LIMIT 1
)
SELECT event_source, event_name, principal, source_ip_address, sum(events) AS calls, sum(errors) AS errors
FROM activity
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND event_source IN (SELECT event_source FROM busiest)
GROUP BY 1, 2, 3, 4
ORDER BY calls DESC, event_name, principal, source_ip_address;
