-- A bot has a reason, and a person has none.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to check
SELECT
    dt,
    hour,
    COUNT(*) AS events
FROM raw_events
WHERE :received
  AND (is_bot IS NULL OR is_bot <> (bot_reason IS NOT NULL))
GROUP BY dt, hour
ORDER BY dt, hour
