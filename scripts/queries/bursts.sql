-- Who suddenly called something much more often? Buckets of 15 minutes far above the median of the same principal and
-- action: by more than five times 1.4826 MAD (median absolute deviation), which is five standard deviations where counts
-- are normal. Buckets without a call are not rows, and do not pull the median down.
WITH buckets AS (
  SELECT principal, event_source, event_name, bucket_start, sum(events) AS calls
  FROM activity
  WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  GROUP BY 1, 2, 3, 4
),
placed AS (
  SELECT
    *, row_number() OVER (PARTITION BY principal, event_source, event_name ORDER BY calls) AS place,
    count(*) OVER (PARTITION BY principal, event_source, event_name) AS n
  FROM buckets
),
centred AS (
  SELECT
    principal, event_source, event_name, bucket_start, calls, n,
    avg(CASE WHEN 2 * place BETWEEN n AND n + 2 THEN calls END)
      OVER (PARTITION BY principal, event_source, event_name) AS median
  FROM placed
),
deviating AS (
  SELECT
    *, row_number() OVER (PARTITION BY principal, event_source, event_name ORDER BY abs(calls - median)) AS place
  FROM centred
),
measured AS (
  SELECT
    principal, event_source, event_name, bucket_start, calls, median,
    avg(CASE WHEN 2 * place BETWEEN n AND n + 2 THEN abs(calls - median) END)
      OVER (PARTITION BY principal, event_source, event_name) AS mad
  FROM deviating
)
SELECT bucket_start, principal, event_source, event_name, calls, median, mad
FROM measured
WHERE calls >= 20
  AND calls > median + 5 * 1.4826 * mad
ORDER BY calls DESC, bucket_start, principal, event_name;
