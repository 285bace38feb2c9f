-- The source of event_time is known, and `received` means received_time.
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
    time_source IS NULL
    OR time_source NOT IN ('event', 'received')
    OR (time_source = 'received' AND event_time <> received_time)
  )
GROUP BY dt, hour
ORDER BY dt, hour
