-- Hours in which people did far more, or far less, than at the same hour of the days before.
-- Expected is the median of the same clock hour on up to history_days days before it; the score is the distance from it in
-- units of usual spread: the median deviation times 1.4826, at least the square root of what is expected, and 1. Hours
-- with less than least_days of history are not judged. History begins with the first day that has a fiftieth of the
-- events of the busiest one, so that a few wrong clocks do not put empty days before a new site. Ask over whole hours.
-- The anomalies that were told live are in `python -m batch_jobs.list_anomalies`; this one needs nothing but the lake.
-- grain: one row per hour_time (UTC) beyond the threshold
-- partitions: exactly the received hours that hold events of the interval, or of history_days before it
-- bots: left out
-- lookback: history_days
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first hour that is judged, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone whose clock tells which hours are alike
-- parameter history_days integer = 14: days before an hour that it is compared with
-- parameter least_days integer = 5: days of history that a judgement needs
-- parameter threshold integer = 5: score from which an hour is an anomaly, either way
WITH counts AS (
    SELECT DATE_TRUNC('hour', event_time) AS hour_time, COUNT(*) AS events
    FROM raw_events
    WHERE :received
      AND event_time >= DATE_ADD('day', 0 - :history_days, :start) AND event_time < :end
      AND NOT COALESCE(is_bot, false)
    GROUP BY DATE_TRUNC('hour', event_time)
),
days AS (
    SELECT
        hour_time,
        events,
        SUM(events) OVER (PARTITION BY DATE_TRUNC('day', hour_time)) AS day_events
    FROM counts
),
busiest AS (
    SELECT
        hour_time,
        events,
        day_events,
        MAX(day_events) OVER () AS most_events
    FROM days
),
clock AS (
    SELECT DATE_ADD('hour', clock_hour, clock_day) AS hour_time
    FROM UNNEST(
        SEQUENCE(DATE_TRUNC('day', DATE_ADD('day', 0 - :history_days, :start)), :end, INTERVAL '1' DAY)
    ) AS dates (clock_day)
    CROSS JOIN UNNEST(SEQUENCE(0, 23)) AS numbers (clock_hour)
),
hours AS (
    SELECT
        clock.hour_time,
        COALESCE(busiest.events, 0) AS events,
        MIN(
            CASE WHEN clock.hour_time >= DATE_TRUNC('hour', :start) OR 50 * busiest.day_events >= busiest.most_events
            THEN clock.hour_time END
        ) OVER () AS first_time
    FROM clock
    LEFT JOIN busiest ON busiest.hour_time = clock.hour_time
    WHERE clock.hour_time < :end
),
histories AS (
    SELECT
        hour_time,
        events,
        ARRAY_SORT(ARRAY_AGG(events) OVER (
            PARTITION BY HOUR(hour_time AT TIME ZONE :time_zone)
            ORDER BY hour_time
            ROWS BETWEEN :history_days PRECEDING AND 1 PRECEDING
        )) AS history
    FROM hours
    WHERE hour_time >= first_time
),
middles AS (
    SELECT
        hour_time,
        events,
        history,
        ELEMENT_AT(history, CAST(CEIL(CAST(CARDINALITY(history) AS double) / 2) AS integer)) AS expected
    FROM histories
    WHERE CARDINALITY(history) >= :least_days
      AND hour_time >= DATE_TRUNC('hour', :start)
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
