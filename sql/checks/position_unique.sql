-- A position of the stream is stored once.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to check
SELECT
    dt,
    hour,
    SUM(copies - 1) AS events
FROM (
    SELECT
        dt,
        hour,
        COUNT(*) AS copies
    FROM raw_events
    WHERE :received
    GROUP BY dt, hour, epoch, shard_id, sequence_number, sub_sequence
) AS positions
WHERE copies > 1
GROUP BY dt, hour
ORDER BY dt, hour
