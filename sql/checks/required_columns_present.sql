-- What every event must have is there: type, times, channel, device and position.
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
    event_type IS NULL
    OR received_time IS NULL
    OR time_source IS NULL
    OR channel IS NULL
    OR device_type IS NULL
    OR shard_id IS NULL
    OR sequence_number IS NULL
    OR sub_sequence IS NULL
  )
GROUP BY dt, hour
ORDER BY dt, hour
