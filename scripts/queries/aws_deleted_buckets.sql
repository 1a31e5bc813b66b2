-- Which buckets were deleted, by whom, and whose were they?
-- From the Athena user guide, "Example CloudTrail log queries"; runs on cloudtrail_logs as on AWS's own table.
SELECT
  awsregion, replace(unnested.resources_entry.arn, 'arn:aws:s3:::', '') AS deleted_bucket, eventtime AS time_deleted,
  useridentity.username, unnested.resources_entry.accountid AS bucket_acct_id
FROM cloudtrail_logs t
CROSS JOIN UNNEST(t.resources) unnested (resources_entry)
WHERE eventname = 'DeleteBucket'
  AND "timestamp" BETWEEN '2026/08/01' AND '2026/08/31'
ORDER BY eventtime;
