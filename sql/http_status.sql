-- Answers of the web server, for imported access logs: how many of each kind.
-- Events that do not come from an access log have no status and are not counted.
-- grain: one row per status_class (2xx, 3xx, 4xx, 5xx)
-- partitions: exactly the received hours that hold events of the interval
-- bots: included
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
WITH answers AS (
    SELECT CONCAT(SUBSTR(JSON_EXTRACT_SCALAR(properties, '$.http_status'), 1, 1), 'xx') AS status_class
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND JSON_EXTRACT_SCALAR(properties, '$.http_status') IS NOT NULL
)
SELECT
    status_class,
    COUNT(*) AS requests,
    CAST(COUNT(*) AS double) / SUM(COUNT(*)) OVER () AS share
FROM answers
GROUP BY status_class
ORDER BY status_class
