-- Which resources did agents change or delete, and on whose behalf?
SELECT
  resource_arn, resource_type, principal, mcp_channel, event_name, sum(events) AS calls,
  min(first_event_time) AS first_time, max(last_event_time) AS last_time
FROM resource_activity
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND mcp_channel IS NOT NULL
  AND mcp_channel <> 'self_hosted'
  AND NOT read_only
  AND NOT is_error
GROUP BY 1, 2, 3, 4, 5
ORDER BY calls DESC, resource_arn, principal, event_name;
