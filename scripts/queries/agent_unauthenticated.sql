-- Which calls came through a gateway without anybody behind them: no JWT, no IAM identity?
SELECT event_time, mcp_server, mcp_method, mcp_tool, source_ip_address, user_agent, is_error, status_code, event_id
FROM mcp_events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND mcp_channel = 'gateway'
  AND jwt_subject IS NULL
  AND (principal IS NULL OR principal = 'anonymous')
ORDER BY event_time, event_id;
