-- When was what busy? Calls in buckets of 15 minutes by service, with those of agents and errors.
SELECT
  bucket_start, event_source, sum(events) AS calls, sum(errors) AS errors,
  sum(CASE WHEN mcp_channel IS NULL THEN 0 ELSE events END) AS by_agents
FROM activity
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
GROUP BY 1, 2
ORDER BY bucket_start, event_source;
