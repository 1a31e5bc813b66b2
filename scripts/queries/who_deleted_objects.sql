-- Which user deleted which object in this S3 bucket, and when? Needs data events in the trail.
-- DeleteObjects deletes many at once; its keys are not in the log.
SELECT
  event_time, principal, session_name, source_ip_address, user_agent, event_name,
  json_extract_scalar(request_parameters, '$.bucketName') AS bucket,
  json_extract_scalar(request_parameters, '$.key') AS object_key,
  error_code, event_id
FROM events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND event_source = 's3.amazonaws.com'
  AND event_name IN ('DeleteObject', 'DeleteObjects')
  AND json_extract_scalar(request_parameters, '$.bucketName') LIKE 'example-%'
ORDER BY event_time, event_id;
