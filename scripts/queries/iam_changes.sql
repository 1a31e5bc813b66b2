-- Who changed IAM, and what?
SELECT
  event_time, principal, event_name, request_parameters, source_ip_address, mcp_channel, error_code, event_id
FROM events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND event_source = 'iam.amazonaws.com'
  AND NOT read_only
ORDER BY event_time, event_id;
