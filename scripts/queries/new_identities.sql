-- Which identities, and ways to sign in, were made?
SELECT
  event_time, event_name,
  coalesce(
    json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName'),
    json_extract_scalar(request_parameters, '$.groupName'), json_extract_scalar(request_parameters, '$.name')
  ) AS made,
  issued_access_key_id, principal, source_ip_address, error_code, event_id
FROM events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND event_source = 'iam.amazonaws.com'
  AND event_name IN (
    'CreateUser', 'CreateRole', 'CreateGroup', 'CreateAccessKey', 'CreateLoginProfile', 'CreateServiceLinkedRole',
    'CreateSAMLProvider', 'CreateOpenIDConnectProvider', 'CreateVirtualMFADevice'
  )
ORDER BY event_time, event_id;
