-- No hour holds more than 500 types of events: names made of values, such as `click_8312`, would fill every report.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- severity: warning
-- parameter received predicate: the received hours to check
-- parameter most_types integer = 500: types of events that an hour may hold
SELECT
    dt,
    hour,
    COUNT(DISTINCT event_type) AS types
FROM raw_events
WHERE :received
GROUP BY dt, hour
HAVING COUNT(DISTINCT event_type) > :most_types
ORDER BY dt, hour
