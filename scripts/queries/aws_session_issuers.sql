-- Which roles stand behind the calls, and since when did their sessions last? A way through nested members.
-- From the Athena user guide, "Example CloudTrail log queries"; runs on cloudtrail_logs as on AWS's own table.
SELECT
  eventsource, eventname, useridentity.sessioncontext.attributes.creationdate,
  useridentity.sessioncontext.sessionissuer.arn
FROM cloudtrail_logs
WHERE useridentity.sessioncontext.sessionissuer.arn IS NOT NULL
  AND "timestamp" BETWEEN '2026/08/01' AND '2026/08/31'
ORDER BY 1, 2, 3, 4
LIMIT 10;
