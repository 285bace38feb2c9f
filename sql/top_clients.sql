-- Who asked for most: clients by number of events.
-- A client is a device or browser (anonymous_id), or the host of an imported access log.
-- grain: one row per app_id and client
-- partitions: exactly the received hours that hold events of the interval
-- bots: included, and marked
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter limit integer = 50: rows to return
SELECT
    app_id,
    COALESCE(anonymous_id, session_id) AS client_id,
    COUNT(*) AS events,
    COUNT(DISTINCT session_id) AS sessions,
    COUNT(DISTINCT page_path) AS pages,
    BOOL_OR(COALESCE(is_bot, false)) AS is_bot,
    MIN(event_time) AS first_event_time,
    MAX(event_time) AS last_event_time
FROM raw_events
WHERE :received
  AND event_time >= :start AND event_time < :end
  AND COALESCE(anonymous_id, session_id) IS NOT NULL
GROUP BY app_id, COALESCE(anonymous_id, session_id)
ORDER BY events DESC, app_id, client_id
LIMIT :limit
