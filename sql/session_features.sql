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
        DATE_TRUNC('minute', event_time) AS minute_time,
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
minutes AS (
    SELECT app_id, session_id, minute_time, COUNT(*) AS events
    FROM events
    GROUP BY app_id, session_id, minute_time
),
busiest AS (
    SELECT app_id, session_id, MAX(events) AS events
    FROM minutes
    GROUP BY app_id, session_id
),
totals AS (
    SELECT
        app_id,
        session_id,
        MIN(event_time) AS start_time,
        DATE_DIFF('second', MIN(event_time), MAX(event_time)) AS duration_s,
        COUNT(*) AS events,
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
    totals.app_id,
    totals.session_id,
    totals.start_time,
    CAST(totals.start_time AT TIME ZONE :time_zone AS date) AS local_date,
    HOUR(totals.start_time AT TIME ZONE :time_zone) AS local_hour,
    totals.duration_s,
    totals.events,
    busiest.events AS busiest_minute_events,
    totals.page_views,
    totals.pages,
    totals.products,
    totals.searches,
    totals.cart_adds,
    totals.checkouts,
    totals.purchases,
    totals.agents,
    totals.gap_ms / 1e3 AS mean_gap_s,
    totals.gap_spread_ms / NULLIF(totals.gap_ms, 0e0) AS gap_variation,
    totals.is_bot
FROM totals
INNER JOIN busiest ON busiest.app_id IS NOT DISTINCT FROM totals.app_id AND busiest.session_id = totals.session_id
ORDER BY totals.start_time, totals.app_id, totals.session_id
