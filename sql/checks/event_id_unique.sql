-- An event_id occurs once within an hour and the hour before it.
-- The hour before the first one named is only compared if the caller names it too.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to check
WITH ids AS (
    SELECT
        dt,
        hour,
        DATE_TRUNC('hour', received_time) AS received_hour,
        LAG(DATE_TRUNC('hour', received_time)) OVER (PARTITION BY event_id ORDER BY received_time) AS previous_hour
    FROM raw_events
    WHERE :received
      AND event_id IS NOT NULL
)
SELECT
    dt,
    hour,
    COUNT(*) AS events
FROM ids
WHERE DATE_DIFF('hour', previous_hour, received_hour) <= 1
GROUP BY dt, hour
ORDER BY dt, hour
