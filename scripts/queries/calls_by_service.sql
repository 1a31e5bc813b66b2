-- Why did the call rate jump? Calls and errors by service and action.
SELECT
  event_source, event_name, sum(events) AS calls, sum(errors) AS errors,
  min(first_event_time) AS first_time, max(last_event_time) AS last_time
FROM activity
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
GROUP BY 1, 2
ORDER BY calls DESC, event_source, event_name;
