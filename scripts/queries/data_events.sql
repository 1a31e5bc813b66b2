-- Who reads and writes data? Data events by service, action and principal.
SELECT event_source, event_name, principal, read_only, sum(events) AS calls, sum(errors) AS errors
FROM activity
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND event_category = 'Data'
GROUP BY 1, 2, 3, 4
ORDER BY calls DESC, event_source, event_name, principal;
