-- What was refused? Errors by principal and action.
SELECT
  principal, event_source, event_name, error_code, sum(events) AS refused,
  min(first_event_time) AS first_time, max(last_event_time) AS last_time
FROM activity
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND error_code IS NOT NULL
GROUP BY 1, 2, 3, 4
ORDER BY refused DESC, principal, event_source, event_name, error_code;
