-- Where is something missing? Hours without an object and without a digest, in accounts and regions that have digests:
-- CloudTrail writes one every hour there, and also in hours in which nothing happened.
WITH hours AS (
  SELECT DISTINCT account_id, region, date_trunc('hour', delivery_time) AS hour
  FROM objects
  WHERE delivery_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
    AND status IN ('done', 'digest')
),
followed AS (
  SELECT account_id, region, hour, lag(hour) OVER (PARTITION BY account_id, region ORDER BY hour) AS hour_before
  FROM hours
),
with_digests AS (
  SELECT DISTINCT account_id, region
  FROM objects
  WHERE delivery_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
    AND status = 'digest'
)
SELECT
  followed.account_id, followed.region, followed.hour_before + INTERVAL '1' HOUR AS gap_from, followed.hour AS gap_to,
  date_diff('hour', followed.hour_before, followed.hour) - 1 AS hours
FROM followed
JOIN with_digests
  ON with_digests.account_id = followed.account_id
  AND with_digests.region = followed.region
WHERE date_diff('hour', followed.hour_before, followed.hour) > 1
ORDER BY 1, 2, 3;
