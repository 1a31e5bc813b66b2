-- Which tool call led to which API calls? One row for each. A tool call that led to none has one row without an API call.
SELECT
  event_time, principal, mcp_channel, mcp_server, mcp_client, mcp_tool, is_error,
  downstream_api, event_source, event_name, aws_region, read_only, error_code, mcp_event_id, event_id
FROM mcp_calls
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
ORDER BY event_time, mcp_event_id, downstream_request_id, event_id;
