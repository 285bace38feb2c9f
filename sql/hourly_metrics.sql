-- The same day seen by the clock: traffic, people and orders of each hour.
-- The hour that is repeated when daylight saving ends is one row.
-- grain: one row per local_date and local_hour
-- partitions: exactly the received hours that hold events of the interval
-- bots: only in bot_events; every other number is about people
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone that days are cut in
WITH events AS (
    SELECT
        CAST(event_time AT TIME ZONE :time_zone AS date) AS local_date,
        HOUR(event_time AT TIME ZONE :time_zone) AS local_hour,
        event_type,
        COALESCE(is_bot, false) AS is_machine,
        COALESCE(anonymous_id, user_id, session_id) AS visitor_id,
        COALESCE(order_id, event_id) AS order_key
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
)
SELECT
    local_date,
    local_hour,
    COUNT(*) FILTER (WHERE NOT is_machine) AS events,
    COUNT(*) FILTER (WHERE is_machine) AS bot_events,
    COUNT(*) FILTER (WHERE NOT is_machine AND event_type = 'page_view') AS page_views,
    COUNT(DISTINCT visitor_id) FILTER (WHERE NOT is_machine) AS visitors,
    COUNT(DISTINCT order_key) FILTER (WHERE NOT is_machine AND event_type = 'purchase') AS orders
FROM events
GROUP BY local_date, local_hour
ORDER BY local_date, local_hour
