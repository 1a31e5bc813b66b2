-- Where is something missing? Hours without an object and without a digest, in accounts and regions that have digests:
-- CloudTrail writes one every hour there, and also in hours in which nothing happened. A place that fell silent has a gap up to the last
-- delivery of any.
WITH hours AS (
  SELECT DISTINCT account_id, region, date_trunc('hour', delivery_time) AS hour
  FROM objects
  WHERE delivery_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
    AND status IN ('done', 'digest')
),
with_digests AS (
  SELECT DISTINCT account_id, region
  FROM objects
  WHERE delivery_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
    AND status = 'digest'
),
the_end AS (
  SELECT max(hour) + INTERVAL '1' HOUR AS hour FROM hours
),
delivered AS (
  SELECT hours.account_id, hours.region, hours.hour
  FROM hours
  JOIN with_digests
    ON with_digests.account_id = hours.account_id
    AND with_digests.region = hours.region
  UNION ALL
  SELECT with_digests.account_id, with_digests.region, the_end.hour FROM with_digests CROSS JOIN the_end
),
followed AS (
  SELECT account_id, region, hour, lag(hour) OVER (PARTITION BY account_id, region ORDER BY hour) AS hour_before
  FROM delivered
)
SELECT
  followed.account_id, followed.region, followed.hour_before + INTERVAL '1' HOUR AS gap_from, followed.hour AS gap_to,
  date_diff('hour', followed.hour_before, followed.hour) - 1 AS hours
FROM followed
WHERE date_diff('hour', followed.hour_before, followed.hour) > 1
ORDER BY 1, 2, 3;
