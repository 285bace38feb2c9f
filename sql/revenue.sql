-- Orders and their value, by day and by the channel of the order's session.
-- A session is a run of events of one person (anonymous_id, else session_id, else user_id) in one app_id without a pause
-- of gap_minutes, as in the table `sessions`; signing in does not split it. Events without any of them (no consent)
-- belong to none. A session that crosses a bound of the interval is cut there.
-- Orders without a session have the channel 'unknown'. An order that is sent twice counts once, with its first value.
-- grain: one row per local_date, channel and currency (null: the order states none)
-- partitions: exactly the received hours that hold events of the interval
-- bots: left out
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone that days are cut in
-- parameter gap_minutes integer = 30: a session ends after this many minutes without an event
WITH people AS (
    SELECT
        app_id,
        COALESCE(anonymous_id, session_id, user_id) AS person_id,
        COALESCE(anonymous_id, session_id, user_id, event_id) AS person_key,
        event_type,
        channel,
        COALESCE(order_id, event_id) AS order_key,
        revenue,
        currency,
        event_time,
        received_time,
        sequence_number,
        sub_sequence,
        MAX(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) OVER (
            PARTITION BY app_id, COALESCE(anonymous_id, session_id, user_id, event_id)
        ) AS has_bought
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND NOT COALESCE(is_bot, false)
),
visits AS (
    -- Few people buy, and only their events have to be put in order.
    SELECT
        app_id,
        person_id,
        person_key,
        event_type,
        channel,
        order_key,
        revenue,
        currency,
        event_time,
        ROW_NUMBER() OVER (
            PARTITION BY app_id, person_key ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS place,
        LAG(event_time) OVER (
            PARTITION BY app_id, person_key ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS previous_time
    FROM people
    WHERE has_bought = 1
),
parts AS (
    SELECT
        visits.*,
        1 + SUM(CASE WHEN DATE_DIFF('minute', previous_time, event_time) >= :gap_minutes THEN 1 ELSE 0 END) OVER (
            PARTITION BY app_id, person_key ORDER BY place ROWS UNBOUNDED PRECEDING
        ) AS part
    FROM visits
),
entries AS (
    SELECT
        parts.*,
        CASE WHEN person_id IS NOT NULL THEN FIRST_VALUE(channel) OVER (
            PARTITION BY app_id, person_key, part ORDER BY place
        ) END AS entry_channel
    FROM parts
),
orders AS (
    SELECT
        app_id,
        order_key,
        MIN(event_time) AS order_time,
        MIN_BY(COALESCE(entry_channel, 'unknown'), event_time) AS channel,
        MIN_BY(revenue, event_time) AS revenue,
        MIN_BY(currency, event_time) AS currency
    FROM entries
    WHERE event_type = 'purchase'
    GROUP BY app_id, order_key
)
SELECT
    CAST(order_time AT TIME ZONE :time_zone AS date) AS local_date,
    channel,
    currency,
    COUNT(*) AS orders,
    SUM(revenue) AS revenue
FROM orders
GROUP BY CAST(order_time AT TIME ZONE :time_zone AS date), channel, currency
ORDER BY local_date, channel, currency
