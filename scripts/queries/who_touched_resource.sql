-- Who touched this resource? From the daily rollup: an S3 object stands for its bucket there, except where it was deleted.
SELECT
  resource_arn, resource_type, principal, event_source, event_name, read_only, is_error,
  sum(events) AS calls, min(first_event_time) AS first_time, max(last_event_time) AS last_time
FROM resource_activity
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND resource_arn LIKE 'arn:aws:s3:::example-%'
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY calls DESC, resource_arn, principal, event_name;
