-- Who came in, how, from where, and with a second factor?
SELECT
  coalesce(principal, entered_user_name) AS who, method, outcome, mfa_used, source_ip_address, recipient_account_id,
  count(*) AS attempts, min(event_time) AS first_time, max(event_time) AS last_time
FROM sign_ins
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY attempts DESC, who, method, outcome, source_ip_address, recipient_account_id, mfa_used;
