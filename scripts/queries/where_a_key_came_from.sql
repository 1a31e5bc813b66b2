-- Where did a temporary key come from? Each key that was used, with the call that had issued it, as far as it was recorded.
WITH used AS (
  SELECT
    user_access_key_id AS access_key, min(event_time) AS first_use, max(event_time) AS last_use,
    count(*) AS calls, count(error_code) AS refused
  FROM events
  WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
    AND user_access_key_id LIKE 'ASIA%'
  GROUP BY 1
)
SELECT
  used.access_key, used.first_use, used.last_use, used.calls, used.refused,
  issuing.event_time AS issued, issuing.event_name AS issued_by, issuing.principal AS issued_to,
  issuing.user_access_key_id AS issued_with, issuing.source_ip_address AS issued_at
FROM used
LEFT JOIN events issuing
  ON issuing.issued_access_key_id = used.access_key
  AND issuing.event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
ORDER BY used.calls DESC, used.access_key, issued;
