-- Which calls cost money, and who made them? Successful calls to billed actions. The list is here to be changed.
-- What a call cost is not in the log: `billed` says by what.
WITH billed AS (
  SELECT *
  FROM (
    VALUES
      ('s3.amazonaws.com', 'PutObject', 'request'),
      ('s3.amazonaws.com', 'CopyObject', 'request'),
      ('s3.amazonaws.com', 'GetObject', 'request'),
      ('s3.amazonaws.com', 'HeadObject', 'request'),
      ('s3.amazonaws.com', 'ListObjects', 'request'),
      ('s3.amazonaws.com', 'ListObjectsV2', 'request'),
      ('s3.amazonaws.com', 'RestoreObject', 'request'),
      ('lambda.amazonaws.com', 'Invoke', 'request and duration'),
      ('dynamodb.amazonaws.com', 'PutItem', 'request'),
      ('dynamodb.amazonaws.com', 'GetItem', 'request'),
      ('dynamodb.amazonaws.com', 'Query', 'request'),
      ('dynamodb.amazonaws.com', 'Scan', 'request'),
      ('sqs.amazonaws.com', 'SendMessage', 'request'),
      ('sns.amazonaws.com', 'Publish', 'request'),
      ('kms.amazonaws.com', 'Decrypt', 'request'),
      ('kms.amazonaws.com', 'Encrypt', 'request'),
      ('kms.amazonaws.com', 'GenerateDataKey', 'request'),
      ('secretsmanager.amazonaws.com', 'GetSecretValue', 'request'),
      ('athena.amazonaws.com', 'StartQueryExecution', 'bytes scanned'),
      ('bedrock.amazonaws.com', 'InvokeModel', 'tokens'),
      ('bedrock.amazonaws.com', 'Converse', 'tokens'),
      ('ec2.amazonaws.com', 'RunInstances', 'instance hours'),
      ('ec2.amazonaws.com', 'StartInstances', 'instance hours'),
      ('ec2.amazonaws.com', 'CreateNatGateway', 'hours and bytes'),
      ('ec2.amazonaws.com', 'CreateVolume', 'storage'),
      ('ec2.amazonaws.com', 'CreateSnapshot', 'storage'),
      ('rds.amazonaws.com', 'CreateDBInstance', 'instance hours'),
      ('rds.amazonaws.com', 'CreateDBSnapshot', 'storage')
  ) AS listed (event_source, event_name, billed)
)
SELECT
  billed.event_source, billed.event_name, billed.billed, activity.principal,
  sum(activity.events - activity.errors) AS calls
FROM activity
JOIN billed
  ON billed.event_source = activity.event_source
  AND billed.event_name = activity.event_name
WHERE activity.event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
GROUP BY 1, 2, 3, 4
HAVING sum(activity.events - activity.errors) > 0
ORDER BY calls DESC, event_source, event_name, principal;
