-- Who switched roles in the console, from which identity?
SELECT event_time, principal, user_arn, switch_from, outcome, source_ip_address, recipient_account_id, event_id
FROM sign_ins
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND method = 'switch_role'
ORDER BY event_time, event_id;
