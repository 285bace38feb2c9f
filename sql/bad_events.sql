-- Events that could not be accepted, by reason and by the hour they arrived in.
-- They have no event time that could be trusted, so the hours are chosen by arrival.
-- grain: one row per dt, hour and reason
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to read
SELECT
    dt,
    hour,
    reason,
    COUNT(*) AS events
FROM bad_events
WHERE :received
GROUP BY dt, hour, reason
ORDER BY dt, hour, reason
