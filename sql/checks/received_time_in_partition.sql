-- Every event lies in the partition of its received_time.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to check
SELECT
    dt,
    hour,
    COUNT(*) AS events
FROM raw_events
WHERE :received
  AND (received_time IS NULL OR CAST(received_time AS date) <> dt OR HOUR(received_time) <> hour)
GROUP BY dt, hour
ORDER BY dt, hour
