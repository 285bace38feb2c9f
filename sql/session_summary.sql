-- How sessions went, by device: how many, how long, how deep, how many bought.
-- A session is a run of events of one app_id, session_id and device (anonymous_id, where it is sent) without a pause of
-- gap_minutes; signing in does not split it. Events without session_id (no consent) belong to none. A session that
-- crosses a bound of the interval is cut there.
-- A bounce is a session with one page view or none. Medians are approximate.
-- grain: one row per device_type
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
        event_type,
        device_type,
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
        COALESCE(MIN_BY(device_type, place), 'unknown') AS device_type,
        DATE_DIFF('second', MIN(event_time), MAX(event_time)) AS duration_s,
        COUNT(*) AS events,
        COUNT(*) FILTER (WHERE event_type = 'page_view') AS page_views,
        COUNT(*) FILTER (WHERE event_type = 'purchase') AS purchases
    FROM parts
    GROUP BY app_id, session_id, device_id, part
)
SELECT
    device_type,
    COUNT(*) AS sessions,
    AVG(CAST(events AS double)) AS events_per_session,
    AVG(CAST(page_views AS double)) AS page_views_per_session,
    APPROX_PERCENTILE(CAST(duration_s AS double), 0.5) AS median_duration_s,
    CAST(COUNT(*) FILTER (WHERE page_views <= 1) AS double) / COUNT(*) AS bounce_rate,
    COUNT(*) FILTER (WHERE purchases > 0) AS converted_sessions,
    CAST(COUNT(*) FILTER (WHERE purchases > 0) AS double) / COUNT(*) AS conversion_rate
FROM sessions
GROUP BY device_type
ORDER BY sessions DESC, device_type
