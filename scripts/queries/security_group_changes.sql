-- Who changed a security group, and how? The rules are in request_parameters.
SELECT
  event_time, principal, event_name,
  coalesce(
    json_extract_scalar(request_parameters, '$.groupId'), json_extract_scalar(response_elements, '$.groupId')
  ) AS security_group,
  request_parameters, source_ip_address, mcp_channel, error_code, event_id
FROM events
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND event_source = 'ec2.amazonaws.com'
  AND event_name IN (
    'AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress',
    'RevokeSecurityGroupEgress', 'ModifySecurityGroupRules', 'CreateSecurityGroup', 'DeleteSecurityGroup'
  )
ORDER BY event_time, event_id;
