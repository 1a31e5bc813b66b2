-- What did the agents do? Calls by channel, principal and API, with what they change.
-- self_hosted is only claimed, by a user agent that anybody can write: see agent_claims.
SELECT
  mcp_channel, principal, mcp_server, mcp_client, mcp_tool, event_source, event_name,
  CASE
    WHEN read_only THEN 'read'
    WHEN mcp_channel IN ('tool_call', 'gateway') THEN 'tool call'
    WHEN event_name LIKE 'Delete%' OR event_name LIKE 'BatchDelete%' OR event_name LIKE 'Terminate%' OR event_name LIKE 'Remove%'
      OR event_name LIKE 'Purge%' OR event_name LIKE 'Destroy%' OR event_name = 'ScheduleKeyDeletion' THEN 'deletion'
    ELSE 'write'
  END AS effect,
  count(*) AS calls, count(CASE WHEN is_error THEN 1 END) AS errors,
  min(event_time) AS first_time, max(event_time) AS last_time
FROM mcp_events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY calls DESC, mcp_channel, principal, event_source, event_name, mcp_tool, mcp_client;
