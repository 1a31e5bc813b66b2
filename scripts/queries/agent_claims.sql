-- Which calls only claim to be an agent's? Their user agent names a known MCP server, and nothing else says so.
SELECT
  principal, mcp_server, user_agent, source_ip_address, event_source, event_name, count(*) AS calls,
  min(event_time) AS first_time, max(event_time) AS last_time
FROM mcp_events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND mcp_channel = 'self_hosted'
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY calls DESC, principal, event_source, event_name, user_agent, source_ip_address;
