-- Which tool calls failed, and why?
SELECT
  event_time, mcp_channel, principal, mcp_server, mcp_client, mcp_method, mcp_tool, status_code, jsonrpc_error_code,
  jsonrpc_error_message, error_code, error_message, event_id
FROM mcp_events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND mcp_channel IN ('tool_call', 'gateway')
  AND is_error
ORDER BY event_time, event_id;
