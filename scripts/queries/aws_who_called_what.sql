-- Which users called which API operations, and from which source IP addresses? The template to begin with.
-- From the Athena user guide, "Example CloudTrail log queries"; runs on cloudtrail_logs as on AWS's own table.
SELECT useridentity.arn, eventname, sourceipaddress, eventtime
FROM cloudtrail_logs
WHERE "timestamp" BETWEEN '2026/08/01' AND '2026/08/31'
ORDER BY 4 DESC, 1, 2, 3
LIMIT 100;
