-- New and returning visitors of each day, and what their sessions came to.
-- A visitor is new on the day of their first session in the look-back and the interval, and returning on later days.
-- A session is what the table `sessions` holds (`clickstream.lake.sessionizing`); it counts on the day it begins.
-- grain: one row per local_date and visitor_type (new, returning)
-- partitions: exactly the dates of the interval, and those of the look-back before it
-- bots: left out
-- lookback: lookback_days
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
-- parameter time_zone text = UTC: IANA name of the zone that days are cut in
-- parameter lookback_days integer = 30: days before start that tell who is known already
WITH visits AS (
    SELECT
        app_id,
        visitor_id,
        start_time,
        CAST(start_time AT TIME ZONE :time_zone AS date) AS local_date,
        page_views,
        is_converted
    FROM sessions
    WHERE dt >= DATE_ADD('day', 0 - :lookback_days, CAST(:start AS date)) AND dt <= CAST(:end AS date)
      AND start_time >= DATE_ADD('day', 0 - :lookback_days, :start) AND start_time < :end
      AND NOT is_bot
),
visitor_days AS (
    SELECT
        local_date,
        MIN(local_date) OVER (PARTITION BY app_id, visitor_id) AS first_date,
        COUNT_IF(start_time >= :start) AS begun,
        SUM(CASE WHEN start_time >= :start THEN page_views END) AS views,
        COUNT_IF(start_time >= :start AND is_converted) AS converted
    FROM visits
    GROUP BY app_id, visitor_id, local_date
)
SELECT
    local_date,
    CASE WHEN local_date = first_date THEN 'new' ELSE 'returning' END AS visitor_type,
    COUNT(*) AS visitors,
    SUM(begun) AS sessions,
    SUM(views) AS page_views,
    SUM(converted) AS converted_sessions,
    CAST(SUM(converted) AS double) / SUM(begun) AS conversion_rate
FROM visitor_days
WHERE begun > 0
GROUP BY local_date, CASE WHEN local_date = first_date THEN 'new' ELSE 'returning' END
ORDER BY local_date, visitor_type
