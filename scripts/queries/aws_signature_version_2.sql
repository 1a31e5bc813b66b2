-- Which requests to S3 are still signed with Signature Version 2?
-- From the S3 user guide, "Identifying Amazon S3 requests using CloudTrail"; runs on cloudtrail_logs as on AWS's own table.
SELECT
  eventtime, eventname AS s3_action, requestparameters AS request_parameters, awsregion AS aws_region,
  sourceipaddress AS source_ip, useragent AS user_agent
FROM cloudtrail_logs
WHERE eventsource = 's3.amazonaws.com'
  AND json_extract_scalar(additionaleventdata, '$.SignatureVersion') = 'SigV2'
  AND "timestamp" BETWEEN '2026/08/01' AND '2026/08/31'
ORDER BY eventtime
LIMIT 10;
