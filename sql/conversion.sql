-- How many visitors of each day did what was hoped for, with the range that the rate lies in (Wilson, 95 %).
-- The rate of sessions with a purchase is in session_summary.sql and channels.sql; this one is about any event type.
-- grain: one row per local_date
-- partitions: exactly the received hours that hold events of the interval
-- bots: left out
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone that days are cut in
-- parameter goal text = purchase: event_type that is hoped for
WITH events AS (
    SELECT
        CAST(event_time AT TIME ZONE :time_zone AS date) AS local_date,
        COALESCE(anonymous_id, user_id, session_id) AS visitor_id,
        event_type
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND COALESCE(anonymous_id, user_id, session_id) IS NOT NULL
      AND NOT COALESCE(is_bot, false)
),
visitor_days AS (
    SELECT local_date, COUNT_IF(event_type = :goal) AS goals
    FROM events
    GROUP BY local_date, visitor_id
),
days AS (
    SELECT
        local_date,
        COUNT(*) AS visitors,
        COUNT_IF(goals > 0) AS converted_visitors,
        SUM(goals) AS goals,
        CAST(COUNT(*) AS double) AS n,
        CAST(COUNT_IF(goals > 0) AS double) AS k
    FROM visitor_days
    GROUP BY local_date
)
SELECT
    local_date,
    visitors,
    converted_visitors,
    goals,
    k / n AS conversion_rate,
    (k + 19208e-4 - 196e-2 * SQRT(k * (n - k) / n + 9604e-4)) / (n + 38416e-4) AS rate_low,
    (k + 19208e-4 + 196e-2 * SQRT(k * (n - k) / n + 9604e-4)) / (n + 38416e-4) AS rate_high
FROM days
ORDER BY local_date
