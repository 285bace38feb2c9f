-- Hours in which people did far more, or far less, than at the same hour of the days before.
-- Expected is the median of the same clock hour on up to history_days days before it in the interval; the score is the
-- distance from it in units of usual spread: the median deviation times 1.4826, at least the square root of what is
-- expected, and 1. Hours with less than least_days of history are not judged. Ask over whole hours, some weeks at once.
-- The anomalies that were told live are in `make anomalies`; this one needs nothing but the lake.
-- grain: one row per hour_time (UTC) beyond the threshold
-- partitions: exactly the received hours that hold events of the interval
-- bots: left out
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone whose clock tells which hours are alike
-- parameter history_days integer = 14: days before an hour that it is compared with
-- parameter least_days integer = 5: days of history that a judgement needs
-- parameter threshold integer = 5: score from which an hour is an anomaly, either way
WITH counts AS (
    SELECT DATE_TRUNC('hour', event_time) AS hour_time, COUNT(*) AS events
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND NOT COALESCE(is_bot, false)
    GROUP BY DATE_TRUNC('hour', event_time)
),
clock AS (
    SELECT hour_time
    FROM UNNEST(
        SEQUENCE(DATE_TRUNC('hour', :start), DATE_ADD('millisecond', 0 - 1, :end), INTERVAL '1' HOUR)
    ) AS hours (hour_time)
),
histories AS (
    SELECT
        clock.hour_time,
        COALESCE(counts.events, 0) AS events,
        ARRAY_SORT(ARRAY_AGG(COALESCE(counts.events, 0)) OVER (
            PARTITION BY HOUR(clock.hour_time AT TIME ZONE :time_zone)
            ORDER BY clock.hour_time
            ROWS BETWEEN :history_days PRECEDING AND 1 PRECEDING
        )) AS history
    FROM clock
    LEFT JOIN counts ON counts.hour_time = clock.hour_time
),
middles AS (
    SELECT
        hour_time,
        events,
        history,
        ELEMENT_AT(history, CAST(CEIL(CAST(CARDINALITY(history) AS double) / 2) AS integer)) AS expected
    FROM histories
    WHERE CARDINALITY(history) >= :least_days
),
spreads AS (
    SELECT
        hour_time,
        events,
        expected,
        ELEMENT_AT(
            ARRAY_SORT(TRANSFORM(history, n -> ABS(n - expected))),
            CAST(CEIL(CAST(CARDINALITY(history) AS double) / 2) AS integer)
        ) AS deviation
    FROM middles
),
scores AS (
    SELECT
        hour_time,
        events,
        expected,
        CAST(events - expected AS double) / GREATEST(14826e-4 * deviation, SQRT(CAST(expected AS double)), 1e0) AS score
    FROM spreads
)
SELECT
    hour_time,
    events,
    expected,
    score
FROM scores
WHERE ABS(score) >= :threshold
ORDER BY hour_time
