-- How many sessions took each of a list of steps in this order, and where the others stopped.
-- A session is a run of events of one person (anonymous_id, else session_id, else user_id) in one app_id without a pause
-- of gap_minutes, as in the table `sessions`; signing in does not split it. Events without any of them (no consent)
-- belong to none. A session that crosses a bound of the interval is cut there. With gap_minutes=5000000 it is people
-- that are counted, not sessions.
-- A step counts when it comes after the steps before it, at most window_minutes after the first of them; other events
-- may lie between, and a session may begin anew. A type may be a step more than once.
-- grain: one row per step, from 1 on
-- partitions: exactly the received hours that hold events of the interval
-- bots: left out
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter steps text = view_item,add_to_cart,begin_checkout,purchase: event types in order, with commas and no spaces
-- parameter window_minutes integer = 1440: minutes from the first step to the last
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
walks AS (
    -- An event is its first place in the list, and its milliseconds since the start, from 1 on.
    SELECT ARRAY_AGG(
        ARRAY[
            CAST(ARRAY_POSITION(SPLIT(:steps, ','), event_type) AS bigint),
            DATE_DIFF('millisecond', :start, event_time) + 1
        ] ORDER BY place
    ) AS walk
    FROM parts
    WHERE CONTAINS(SPLIT(:steps, ','), event_type)
    GROUP BY app_id, person_id, part
),
reaches AS (
    -- For each step the latest beginning from which it was reached, 0 for none: a later one leaves more of the window.
    SELECT REDUCE(
        walk,
        REPEAT(CAST(0 AS bigint), CARDINALITY(SPLIT(:steps, ','))),
        (begun, event) -> TRANSFORM(
            SEQUENCE(1, CARDINALITY(SPLIT(:steps, ','))),
            k -> CASE
                WHEN ARRAY_POSITION(SPLIT(:steps, ','), SPLIT(:steps, ',')[k]) <> event[1] THEN begun[k]
                WHEN k = 1 THEN event[2]
                WHEN begun[k - 1] > 0 AND event[2] - begun[k - 1] <= CAST(:window_minutes AS bigint) * 60000 THEN begun[k - 1]
                ELSE begun[k]
            END
        ),
        begun -> CARDINALITY(FILTER(begun, n -> n > 0))
    ) AS reached
    FROM walks
),
counts AS (
    SELECT reached, COUNT(*) AS sessions
    FROM reaches
    GROUP BY reached
),
steps AS (
    SELECT names.step, names.event_type, COALESCE(SUM(counts.sessions), 0) AS sessions
    FROM UNNEST(SPLIT(:steps, ',')) WITH ORDINALITY AS names (event_type, step)
    LEFT JOIN counts ON counts.reached >= names.step
    GROUP BY names.step, names.event_type
)
SELECT
    step,
    event_type,
    sessions,
    CAST(sessions AS double) / NULLIF(LAG(sessions, 1, sessions) OVER (ORDER BY step), 0) AS step_conversion,
    CAST(sessions AS double) / NULLIF(FIRST_VALUE(sessions) OVER (ORDER BY step), 0) AS total_conversion
FROM steps
ORDER BY step
