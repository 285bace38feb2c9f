-- What happened on each day: traffic, people, sessions begun, orders.
-- A session counts on the day it begins. Revenue is in revenue.sql, which keeps currencies apart.
-- grain: one row per local_date
-- partitions: exactly the received hours that hold events of the interval
-- bots: only in bot_events; every other number is about people
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone that days are cut in
-- parameter gap_minutes integer = 30: a session ends after this many minutes without an event
WITH events AS (
    SELECT
        CAST(event_time AT TIME ZONE :time_zone AS date) AS local_date,
        event_type,
        event_time,
        COALESCE(is_bot, false) AS is_machine,
        session_id,
        COALESCE(anonymous_id, user_id, session_id) AS visitor_id,
        COALESCE(order_id, event_id) AS order_key,
        LAG(event_time) OVER (
            PARTITION BY app_id, COALESCE(session_id, event_id), COALESCE(anonymous_id, ''), COALESCE(is_bot, false)
            ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS previous_time
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
)
SELECT
    local_date,
    COUNT(*) FILTER (WHERE NOT is_machine) AS events,
    COUNT(*) FILTER (WHERE is_machine) AS bot_events,
    COUNT(*) FILTER (WHERE NOT is_machine AND event_type = 'page_view') AS page_views,
    COUNT(DISTINCT visitor_id) FILTER (WHERE NOT is_machine) AS visitors,
    COUNT(*) FILTER (
        WHERE NOT is_machine AND session_id IS NOT NULL
          AND COALESCE(DATE_DIFF('minute', previous_time, event_time) >= :gap_minutes, true)
    ) AS sessions,
    COUNT(DISTINCT order_key) FILTER (WHERE NOT is_machine AND event_type = 'purchase') AS orders
FROM events
GROUP BY local_date
ORDER BY local_date
