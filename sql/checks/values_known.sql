-- Columns with a fixed set of values hold no other one.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to check
SELECT
    dt,
    hour,
    COUNT(*) AS events
FROM raw_events
WHERE :received
  AND (
    device_type NOT IN ('desktop', 'mobile', 'tablet', 'bot', 'unknown')
    OR bot_reason NOT IN ('crawler', 'no_agent', 'library', 'headless')
  )
GROUP BY dt, hour
ORDER BY dt, hour
