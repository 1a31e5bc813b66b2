-- Who failed to sign in again and again, and then came in? Three failures or more from one address within the hour before.
SELECT
  came.event_time, came.event_id, came.principal, came.source_ip_address, came.recipient_account_id, came.mfa_used,
  count(*) AS failures, min(failed.event_time) AS first_failure, count(DISTINCT failed.user_name) AS names_tried
FROM sign_ins came
JOIN sign_ins failed
  ON failed.source_ip_address = came.source_ip_address
  AND failed.recipient_account_id = came.recipient_account_id
  AND failed.event_time BETWEEN came.event_time - INTERVAL '1' HOUR AND came.event_time
WHERE came.event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND failed.event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND came.outcome = 'success'
  AND failed.outcome = 'failure'
GROUP BY 1, 2, 3, 4, 5, 6
HAVING count(*) >= 3
ORDER BY came.event_time, came.principal, came.event_id;
