-- What happened on each day: traffic, people, sessions begun, orders.
-- A session of the table `sessions` counts on the day it begins. Revenue is in revenue.sql, which keeps currencies apart.
-- grain: one row per local_date
-- partitions: exactly the received hours that hold events of the interval, and the dates of the interval for sessions
-- bots: only in bot_events; every other number is about people
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone that days are cut in
WITH visits AS (
    SELECT
        CAST(event_time AT TIME ZONE :time_zone AS date) AS local_date,
        event_type,
        COALESCE(is_bot, false) AS is_machine,
        COALESCE(anonymous_id, user_id, session_id) AS visitor_id,
        COALESCE(order_id, event_id) AS order_key
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
),
days AS (
    SELECT
        local_date,
        COUNT(*) FILTER (WHERE NOT is_machine) AS events,
        COUNT(*) FILTER (WHERE is_machine) AS bot_events,
        COUNT(*) FILTER (WHERE NOT is_machine AND event_type = 'page_view') AS page_views,
        COUNT(DISTINCT visitor_id) FILTER (WHERE NOT is_machine) AS visitors,
        COUNT(DISTINCT order_key) FILTER (WHERE NOT is_machine AND event_type = 'purchase') AS orders
    FROM visits
    GROUP BY local_date
),
begun AS (
    SELECT
        CAST(start_time AT TIME ZONE :time_zone AS date) AS local_date,
        COUNT(*) AS sessions
    FROM sessions
    WHERE dt >= CAST(:start AS date) AND dt <= CAST(:end AS date)
      AND start_time >= :start AND start_time < :end
      AND NOT is_bot
    GROUP BY CAST(start_time AT TIME ZONE :time_zone AS date)
)
SELECT
    days.local_date,
    days.events,
    days.bot_events,
    days.page_views,
    days.visitors,
    COALESCE(begun.sessions, 0) AS sessions,
    days.orders
FROM days
LEFT JOIN begun ON begun.local_date = days.local_date
ORDER BY days.local_date
