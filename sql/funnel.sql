-- How many sessions went from viewing an item to buying, in this order, and where the others stopped.
-- A session is a run of events of one person (anonymous_id, else session_id, else user_id) in one app_id without a pause
-- of gap_minutes, as in the table `sessions`; signing in does not split it. Events without any of them (no consent)
-- belong to none. A session that crosses a bound of the interval is cut there.
-- A step counts when it comes after the steps before it; other events may lie between.
-- grain: one row per step, 1 to 4
-- partitions: exactly the received hours that hold events of the interval
-- bots: left out
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter gap_minutes integer = 30: a session ends after this many minutes without an event
WITH visits AS (
    SELECT
        app_id,
        COALESCE(anonymous_id, session_id, user_id) AS person_id,
        event_type,
        event_time,
        ROW_NUMBER() OVER (
            PARTITION BY app_id, COALESCE(anonymous_id, session_id, user_id)
            ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS place,
        LAG(event_time) OVER (
            PARTITION BY app_id, COALESCE(anonymous_id, session_id, user_id)
            ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS previous_time
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND COALESCE(anonymous_id, session_id, user_id) IS NOT NULL
      AND NOT COALESCE(is_bot, false)
),
parts AS (
    SELECT
        visits.*,
        1 + SUM(CASE WHEN DATE_DIFF('minute', previous_time, event_time) >= :gap_minutes THEN 1 ELSE 0 END) OVER (
            PARTITION BY app_id, person_id ORDER BY place ROWS UNBOUNDED PRECEDING
        ) AS part
    FROM visits
),
paths AS (
    SELECT ARRAY_JOIN(
        ARRAY_AGG(
            CASE event_type
                WHEN 'view_item' THEN 'v' WHEN 'add_to_cart' THEN 'a' WHEN 'begin_checkout' THEN 'c' ELSE 'p' END
            ORDER BY place
        ), ''
    ) AS path
    FROM parts
    WHERE event_type IN ('view_item', 'add_to_cart', 'begin_checkout', 'purchase')
    GROUP BY app_id, person_id, part
),
totals AS (
    SELECT
        COUNT(*) FILTER (WHERE path LIKE '%v%') AS viewed,
        COUNT(*) FILTER (WHERE path LIKE '%v%a%') AS added,
        COUNT(*) FILTER (WHERE path LIKE '%v%a%c%') AS checked_out,
        COUNT(*) FILTER (WHERE path LIKE '%v%a%c%p%') AS purchased
    FROM paths
),
steps AS (
    SELECT
        step,
        event_type,
        CASE step WHEN 1 THEN viewed WHEN 2 THEN added WHEN 3 THEN checked_out ELSE purchased END AS sessions,
        CASE step WHEN 1 THEN viewed WHEN 2 THEN viewed WHEN 3 THEN added ELSE checked_out END AS step_before,
        viewed
    FROM totals
    CROSS JOIN (
        VALUES (1, 'view_item'), (2, 'add_to_cart'), (3, 'begin_checkout'), (4, 'purchase')
    ) AS names (step, event_type)
)
SELECT
    step,
    event_type,
    sessions,
    CAST(sessions AS double) / NULLIF(step_before, 0) AS step_conversion,
    CAST(sessions AS double) / NULLIF(viewed, 0) AS total_conversion
FROM steps
ORDER BY step
