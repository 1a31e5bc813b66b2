-- Which objects were written or read in a period, by whom, from where?
-- From the S3 user guide, "Identifying Amazon S3 requests using CloudTrail"; runs on cloudtrail_logs as on AWS's own table.
SELECT
  eventtime, eventname, eventsource, sourceipaddress, useragent,
  json_extract_scalar(requestparameters, '$.bucketName') AS bucket_name,
  json_extract_scalar(requestparameters, '$.key') AS object, useridentity.arn AS user_arn
FROM cloudtrail_logs
WHERE eventname IN ('PutObject', 'GetObject')
  AND eventtime BETWEEN '2026-08-01T00:00:00Z' AND '2026-08-03T00:00:00Z'
  AND "timestamp" BETWEEN '2026/08/01' AND '2026/08/03'
ORDER BY eventtime, bucket_name, object, user_arn;
