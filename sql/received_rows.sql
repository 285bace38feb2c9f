-- How many rows readers see in each received hour: what the commits of the lake are compared with.
-- grain: one row per received hour that has rows
-- partitions: the received hours that the caller names
-- bots: included
-- parameter received predicate: the received hours to count
SELECT
    dt,
    hour,
    COUNT(*) AS event_rows
FROM raw_events
WHERE :received
GROUP BY dt, hour
ORDER BY dt, hour
