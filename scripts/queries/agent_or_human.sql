-- How much of a principal's activity came through agents? What only claims to be an agent is counted apart.
SELECT
  principal,
  sum(CASE WHEN mcp_channel <> 'self_hosted' THEN events ELSE 0 END) AS by_agents,
  sum(CASE WHEN mcp_channel = 'self_hosted' THEN events ELSE 0 END) AS claimed,
  sum(CASE WHEN mcp_channel IS NULL THEN events ELSE 0 END) AS others,
  sum(CASE WHEN mcp_channel <> 'self_hosted' AND NOT read_only THEN events ELSE 0 END) AS writes_by_agents
FROM activity
WHERE event_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
GROUP BY 1
HAVING sum(CASE WHEN mcp_channel IS NULL THEN 0 ELSE events END) > 0
ORDER BY by_agents DESC, principal;
