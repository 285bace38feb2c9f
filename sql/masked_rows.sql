-- How many rows readers see in each received hour of the masked copy: as many as the commits of the lake say.
-- grain: one row per received hour that has rows
-- partitions: the received hours that the caller names
-- bots: included
-- parameter received predicate: the received hours to count
SELECT
    dt,
    hour,
    COUNT(*) AS event_rows
FROM masked_events
WHERE :received
GROUP BY dt, hour
ORDER BY dt, hour
