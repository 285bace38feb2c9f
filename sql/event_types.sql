-- What kinds of events there are, and how many.
-- grain: one row per event_type
-- partitions: exactly the received hours that hold events of the interval
-- bots: included in events and event_share, counted apart in bot_events, left out of visitors
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
SELECT
    event_type,
    COUNT(*) AS events,
    COUNT(*) FILTER (WHERE is_bot) AS bot_events,
    COUNT(DISTINCT COALESCE(anonymous_id, user_id, session_id)) FILTER (WHERE NOT COALESCE(is_bot, false)) AS visitors,
    CAST(COUNT(*) AS double) / SUM(COUNT(*)) OVER () AS event_share
FROM raw_events
WHERE :received
  AND event_time >= :start AND event_time < :end
GROUP BY event_type
ORDER BY events DESC, event_type
