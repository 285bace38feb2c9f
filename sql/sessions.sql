-- What people did in each session, from the first event to the last.
-- A session is a run of events of one app_id, session_id and device (anonymous_id, where it is sent) without a pause of
-- gap_minutes; signing in does not split it. Events without session_id (no consent) belong to none. A session that
-- crosses a bound of the interval is cut there.
-- An order that is sent twice counts once. Revenue is null where the session bought in several currencies, of which none
-- stated is one.
-- grain: one row per app_id, session_id, device_id and part (1 for the first)
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
        page_path,
        channel,
        device_type,
        order_id,
        event_id,
        revenue,
        currency,
        ROW_NUMBER() OVER (
            PARTITION BY app_id, event_type, COALESCE(order_id, event_id)
            ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS copy,
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
)
SELECT
    app_id,
    session_id,
    device_id,
    part,
    COALESCE(NULLIF(device_id, ''), MAX(user_id), session_id) AS visitor_id,
    MIN(event_time) AS start_time,
    MAX(event_time) AS end_time,
    DATE_DIFF('second', MIN(event_time), MAX(event_time)) AS duration_s,
    COUNT(*) AS events,
    COUNT(*) FILTER (WHERE event_type = 'page_view') AS page_views,
    COUNT(DISTINCT page_path) AS pages,
    MIN_BY(page_path, place) FILTER (WHERE page_path IS NOT NULL) AS entry_page,
    MAX_BY(page_path, place) FILTER (WHERE page_path IS NOT NULL) AS exit_page,
    COALESCE(MIN_BY(channel, place), 'unknown') AS channel,
    COALESCE(MIN_BY(device_type, place), 'unknown') AS device_type,
    COUNT(*) FILTER (WHERE event_type = 'purchase') > 0 AS is_converted,
    COUNT(DISTINCT COALESCE(order_id, event_id)) FILTER (WHERE event_type = 'purchase') AS orders,
    CASE WHEN COUNT(DISTINCT COALESCE(currency, '')) FILTER (WHERE event_type = 'purchase' AND revenue IS NOT NULL) = 1
        THEN SUM(revenue) FILTER (WHERE event_type = 'purchase' AND copy = 1) END AS revenue,
    CASE WHEN COUNT(DISTINCT COALESCE(currency, '')) FILTER (WHERE event_type = 'purchase' AND revenue IS NOT NULL) = 1
        THEN MAX(currency) FILTER (WHERE event_type = 'purchase' AND revenue IS NOT NULL) END AS currency
FROM parts
GROUP BY app_id, session_id, device_id, part
ORDER BY start_time, app_id, session_id, device_id
