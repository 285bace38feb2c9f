-- How many of those who came for the first time on a day, or in a week, came back in each later one.
-- A visitor belongs to the cohort of their first session in the look-back and the interval; only those whose first
-- session is in the interval are followed. A session is one of the table `sessions` (`clickstream.lake.sessionizing`).
-- A period that ends after the interval is there, and is_complete is false.
-- grain: one row per cohort_date (the day, or the Monday of the week) and period, from 0 up to the end of the interval
-- partitions: exactly the dates of the interval, and those of the look-back before it
-- bots: left out
-- lookback: lookback_days
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone that days are cut in
-- parameter period text = day: day, week or month
-- parameter periods integer = 14: last period to follow a cohort to
-- parameter lookback_days integer = 30: days before start that tell who is known already
WITH visits AS (
    SELECT
        app_id,
        visitor_id,
        CAST(start_time AT TIME ZONE :time_zone AS date) AS local_date
    FROM sessions
    WHERE dt >= DATE_ADD('day', 0 - :lookback_days, CAST(:start AS date)) AND dt <= CAST(:end AS date)
      AND start_time >= DATE_ADD('day', 0 - :lookback_days, :start) AND start_time < :end
      AND NOT is_bot
),
stays AS (
    SELECT
        DATE_TRUNC(:period, local_date) AS period_date,
        MIN(MIN(local_date)) OVER (PARTITION BY app_id, visitor_id) AS first_date
    FROM visits
    GROUP BY app_id, visitor_id, DATE_TRUNC(:period, local_date)
),
counts AS (
    SELECT
        DATE_TRUNC(:period, first_date) AS cohort_date,
        period_date,
        COUNT(*) AS visitors
    FROM stays
    WHERE first_date >= CAST(:start AT TIME ZONE :time_zone AS date)
    GROUP BY DATE_TRUNC(:period, first_date), period_date
),
cohorts AS (
    SELECT cohort_date, MAP_AGG(period_date, visitors) AS visitors_on
    FROM counts
    GROUP BY cohort_date
),
grid AS (
    SELECT
        cohort_date,
        period,
        ELEMENT_AT(visitors_on, cohort_date) AS visitors,
        COALESCE(ELEMENT_AT(visitors_on, DATE_ADD(:period, period, cohort_date)), 0) AS returned,
        DATE_ADD(:period, period, cohort_date) AS period_date
    FROM cohorts
    CROSS JOIN UNNEST(SEQUENCE(0, :periods)) AS numbers (period)
)
SELECT
    cohort_date,
    period,
    visitors,
    returned,
    CAST(returned AS double) / visitors AS retention_rate,
    DATE_ADD(:period, 1, period_date) <= CAST(:end AT TIME ZONE :time_zone AS date) AS is_complete
FROM grid
WHERE period_date <= CAST(DATE_ADD('millisecond', 0 - 1, :end) AT TIME ZONE :time_zone AS date)
ORDER BY cohort_date, period
