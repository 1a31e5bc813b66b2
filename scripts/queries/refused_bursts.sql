-- Who was suddenly refused much more often? As in bursts, but of errors: a principal that was refused in one bucket only is its
-- own median and not here; see refused.
WITH buckets AS (
  SELECT principal, event_source, event_name, bucket_start, sum(errors) AS calls
  FROM activity
  WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
    AND errors > 0
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
WHERE calls >= 5
  AND calls > median + 5 * 1.4826 * mad
ORDER BY calls DESC, bucket_start, principal, event_name;
