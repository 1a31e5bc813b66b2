-- Who did what? The console's event history, newest first.
-- Narrow it with the lines below.
SELECT
  event_time, event_name, principal, session_name, event_source, resources, aws_region, source_ip_address,
  user_access_key_id, read_only, error_code, event_id
FROM events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND NOT read_only
  -- AND event_name = 'DeleteObject'
  -- AND (user_name = 'alice' OR session_name = 'alice')
  -- AND user_access_key_id = 'ASIAEXAMPLE'
  -- AND event_id = '00000000-0000-4000-8000-000000000000'
ORDER BY event_time DESC, event_id
LIMIT 100;
