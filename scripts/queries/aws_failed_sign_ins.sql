-- Which console sign-ins failed? As in CloudTrail's metric filter for console sign-in failures.
-- Runs on cloudtrail_logs as on AWS's own table.
SELECT eventtime, useridentity.username, sourceipaddress, useragent, errormessage, awsregion
FROM cloudtrail_logs
WHERE eventname = 'ConsoleLogin'
  AND errormessage = 'Failed authentication'
  AND readonly = 'false'
  AND "timestamp" BETWEEN '2026/08/01' AND '2026/08/31'
ORDER BY 1, 2;
