-- Which requests to read an object of a bucket were anonymous?
-- From the Athena user guide, "Example CloudTrail log queries"; runs on cloudtrail_logs as on AWS's own table.
SELECT *
FROM cloudtrail_logs
WHERE eventsource = 's3.amazonaws.com'
  AND eventname IN ('GetObject')
  AND useridentity.accountid = 'anonymous'
  AND useridentity.arn IS NULL
  AND requestparameters LIKE '%example%'
  AND "timestamp" BETWEEN '2026/08/01' AND '2026/08/31';
