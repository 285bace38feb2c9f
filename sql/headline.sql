-- The whole interval in one row.
-- Visitors of several days count once here, so this is less than the sum of the days.
-- grain: one row
-- partitions: exactly the received hours that hold events of the interval
-- bots: only in all_events and bot_events; every other number is about people
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
SELECT
    COUNT(*) AS all_events,
    COUNT(*) FILTER (WHERE is_bot) AS bot_events,
    COUNT(*) FILTER (WHERE NOT COALESCE(is_bot, false)) AS events,
    COUNT(DISTINCT COALESCE(anonymous_id, user_id, session_id)) FILTER (WHERE NOT COALESCE(is_bot, false)) AS visitors,
    COUNT(*) FILTER (WHERE NOT COALESCE(is_bot, false) AND event_type = 'page_view') AS page_views,
    COUNT(*) FILTER (WHERE received_time >= event_time + INTERVAL '1' HOUR) AS late_events,
    COUNT(*) FILTER (WHERE time_source = 'received') AS events_without_own_time,
    MIN(event_time) AS first_event_time,
    MAX(event_time) AS last_event_time
FROM raw_events
WHERE :received
  AND event_time >= :start AND event_time < :end
