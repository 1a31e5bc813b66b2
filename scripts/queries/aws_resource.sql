-- What was done with an object? A way into the list of resources.
-- From the Athena user guide, "Example CloudTrail log queries"; runs on cloudtrail_logs as on AWS's own table.
SELECT
  awsregion, replace(unnested.resources_entry.arn, 'arn:aws:s3:::', '') AS s3_resource, eventname, eventtime, useragent
FROM cloudtrail_logs t
CROSS JOIN UNNEST(t.resources) unnested (resources_entry)
WHERE unnested.resources_entry.arn LIKE '%example/datafile.txt'
  AND "timestamp" BETWEEN '2026/08/01' AND '2026/08/31'
ORDER BY eventtime, eventname;
