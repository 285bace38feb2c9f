-- No event happened more than an hour after it was received, and every event has a time.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to check
SELECT
    dt,
    hour,
    COUNT(*) AS events
FROM raw_events
WHERE :received
  AND (event_time IS NULL OR event_time > received_time + INTERVAL '1' HOUR)
GROUP BY dt, hour
ORDER BY dt, hour
