-- Where sessions came from: the channel of the first event of each session.
-- A session is a run of events of one app_id, session_id and device (anonymous_id, where it is sent) without a pause of
-- gap_minutes; signing in does not split it. Events without session_id (no consent) belong to none. A session that
-- crosses a bound of the interval is cut there.
-- grain: one row per channel
-- partitions: exactly the received hours that hold events of the interval
-- bots: left out
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter gap_minutes integer = 30: a session ends after this many minutes without an event
WITH visits AS (
    SELECT
        app_id,
        session_id,
        COALESCE(anonymous_id, '') AS device_id,
        user_id,
        event_type,
        channel,
        order_id,
        event_id,
        event_time,
        ROW_NUMBER() OVER (
            PARTITION BY app_id, session_id, COALESCE(anonymous_id, '')
            ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS place,
        LAG(event_time) OVER (
            PARTITION BY app_id, session_id, COALESCE(anonymous_id, '')
            ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS previous_time
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND session_id IS NOT NULL
      AND NOT COALESCE(is_bot, false)
),
parts AS (
    SELECT
        visits.*,
        1 + SUM(CASE WHEN DATE_DIFF('minute', previous_time, event_time) >= :gap_minutes THEN 1 ELSE 0 END) OVER (
            PARTITION BY app_id, session_id, device_id ORDER BY place ROWS UNBOUNDED PRECEDING
        ) AS part
    FROM visits
),
sessions AS (
    SELECT
        COALESCE(MIN_BY(channel, place), 'unknown') AS channel,
        COALESCE(NULLIF(device_id, ''), MAX(user_id), session_id) AS visitor_id,
        COUNT(*) FILTER (WHERE event_type = 'page_view') AS page_views,
        COUNT(DISTINCT COALESCE(order_id, event_id)) FILTER (WHERE event_type = 'purchase') AS orders
    FROM parts
    GROUP BY app_id, session_id, device_id, part
)
SELECT
    channel,
    COUNT(*) AS sessions,
    COUNT(DISTINCT visitor_id) AS visitors,
    SUM(page_views) AS page_views,
    SUM(orders) AS orders,
    CAST(COUNT(*) FILTER (WHERE orders > 0) AS double) / COUNT(*) AS conversion_rate
FROM sessions
GROUP BY channel
ORDER BY sessions DESC, channel
