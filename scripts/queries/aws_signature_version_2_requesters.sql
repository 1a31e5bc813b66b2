-- Who still signs with Signature Version 2, on one day in one region? With the partition columns of AWS's table.
-- From the S3 user guide, "Identifying Amazon S3 requests using CloudTrail"; runs on cloudtrail_logs as on AWS's own table.
SELECT useridentity.arn, count(requestid) AS request_count
FROM cloudtrail_logs
WHERE eventsource = 's3.amazonaws.com'
  AND json_extract_scalar(additionaleventdata, '$.SignatureVersion') = 'SigV2'
  AND region = 'us-east-1'
  AND year = '2026'
  AND month = '08'
  AND day = '02'
GROUP BY useridentity.arn
ORDER BY 1;
