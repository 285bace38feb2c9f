-- Who came and who stayed away, day by day or week by week: new, retained, resurrected and dormant visitors.
-- New is who is here for the first time in look-back and interval, retained who was here in the period before too,
-- resurrected who was here earlier but not in the period before, dormant who was here in the period before and not now.
-- A visitor is here in the period in which a session of theirs begins (`sessions`, `clickstream.lake.sessionizing`).
-- grain: one row per period_date (the day, or the Monday of the week) that has any of the four
-- partitions: exactly the dates of the interval, and those of the look-back before it
-- bots: left out
-- lookback: lookback_days
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone that days are cut in
-- parameter period text = day: day, week or month
-- parameter lookback_days integer = 30: days before start that tell who is known already
WITH visits AS (
    SELECT
        app_id,
        visitor_id,
        DATE_TRUNC(:period, CAST(start_time AT TIME ZONE :time_zone AS date)) AS here_date
    FROM sessions
    WHERE dt >= DATE_ADD('day', 0 - :lookback_days, CAST(:start AS date)) AND dt <= CAST(:end AS date)
      AND start_time >= DATE_ADD('day', 0 - :lookback_days, :start) AND start_time < :end
      AND NOT is_bot
),
neighbours AS (
    SELECT
        here_date,
        LAG(here_date) OVER (PARTITION BY app_id, visitor_id ORDER BY here_date) AS previous_date,
        LEAD(here_date) OVER (PARTITION BY app_id, visitor_id ORDER BY here_date) AS next_date
    FROM visits
    GROUP BY app_id, visitor_id, here_date
),
moves AS (
    SELECT period_date, move
    FROM neighbours
    CROSS JOIN UNNEST(
        ARRAY[here_date, DATE_ADD(:period, 1, here_date)],
        ARRAY[
            CASE
                WHEN previous_date IS NULL THEN 'new'
                WHEN DATE_ADD(:period, 1, previous_date) = here_date THEN 'retained'
                ELSE 'resurrected'
            END,
            CASE WHEN COALESCE(next_date > DATE_ADD(:period, 1, here_date), true) THEN 'dormant' END
        ]
    ) AS pairs (period_date, move)
    WHERE move IS NOT NULL
)
SELECT
    period_date,
    COUNT_IF(move = 'new') AS new_visitors,
    COUNT_IF(move = 'retained') AS retained_visitors,
    COUNT_IF(move = 'resurrected') AS resurrected_visitors,
    COUNT_IF(move = 'dormant') AS dormant_visitors
FROM moves
WHERE period_date >= DATE_TRUNC(:period, CAST(:start AT TIME ZONE :time_zone AS date))
  AND period_date <= CAST(DATE_ADD('millisecond', 0 - 1, :end) AT TIME ZONE :time_zone AS date)
GROUP BY period_date
ORDER BY period_date
