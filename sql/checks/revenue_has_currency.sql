-- Revenue always states its currency.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to check
SELECT
    dt,
    hour,
    COUNT(*) AS events
FROM raw_events
WHERE :received
  AND revenue IS NOT NULL AND currency IS NULL
GROUP BY dt, hour
ORDER BY dt, hour
