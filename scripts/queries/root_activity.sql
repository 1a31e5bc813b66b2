-- What did the root user do?
SELECT
  event_time, recipient_account_id, event_source, event_name, source_ip_address, user_agent, session_mfa_authenticated,
  error_code, event_id
FROM events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND user_type = 'Root'
  AND user_invoked_by IS NULL
ORDER BY event_time, event_id;
