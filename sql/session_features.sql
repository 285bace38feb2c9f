-- What a model sees of each session: how much was done, how broadly, how fast and how evenly.
-- A session is what the producer calls one (session_id), as in the rules that run live; a session that crosses a bound
-- of the interval is cut there. Events without a session_id (no consent) belong to none.
-- grain: one row per app_id and session_id
-- partitions: exactly the received hours that hold events of the interval
-- bots: included, and told apart in is_bot
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone whose clock local_date and local_hour are read from
WITH events AS (
    SELECT
        app_id,
        session_id,
        event_type,
        event_time,
        page_path,
        product_id,
        user_agent,
        COALESCE(is_bot, false) AS is_machine,
        COUNT(*) OVER (PARTITION BY app_id, session_id, DATE_TRUNC('minute', event_time)) AS minute_events,
        DATE_DIFF(
            'millisecond',
            LAG(event_time) OVER (
                PARTITION BY app_id, session_id ORDER BY event_time, received_time, sequence_number, sub_sequence
            ),
            event_time
        ) AS gap_ms
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND session_id IS NOT NULL
),
totals AS (
    SELECT
        app_id,
        session_id,
        MIN(event_time) AS start_time,
        DATE_DIFF('second', MIN(event_time), MAX(event_time)) AS duration_s,
        COUNT(*) AS events,
        MAX(minute_events) AS busiest_minute_events,
        COUNT(*) FILTER (WHERE event_type = 'page_view') AS page_views,
        COUNT(DISTINCT page_path) AS pages,
        COUNT(DISTINCT product_id) AS products,
        COUNT(*) FILTER (WHERE event_type = 'search') AS searches,
        COUNT(*) FILTER (WHERE event_type = 'add_to_cart') AS cart_adds,
        COUNT(*) FILTER (WHERE event_type = 'begin_checkout') AS checkouts,
        COUNT(*) FILTER (WHERE event_type = 'purchase') AS purchases,
        COUNT(DISTINCT user_agent) AS agents,
        AVG(CAST(gap_ms AS double)) AS gap_ms,
        STDDEV_POP(CAST(gap_ms AS double)) AS gap_spread_ms,
        BOOL_OR(is_machine) AS is_bot
    FROM events
    GROUP BY app_id, session_id
)
SELECT
    app_id,
    session_id,
    start_time,
    CAST(start_time AT TIME ZONE :time_zone AS date) AS local_date,
    HOUR(start_time AT TIME ZONE :time_zone) AS local_hour,
    duration_s,
    events,
    busiest_minute_events,
    page_views,
    pages,
    products,
    searches,
    cart_adds,
    checkouts,
    purchases,
    agents,
    gap_ms / 1e3 AS mean_gap_s,
    gap_spread_ms / NULLIF(gap_ms, 0e0) AS gap_variation,
    is_bot
FROM totals
ORDER BY start_time, app_id, session_id
