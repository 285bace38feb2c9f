-- With what devices people came, and from which countries.
-- A session is one of the table `sessions` (`clickstream.lake.sessionizing`). It counts where it begins, whole, also if
-- it goes on after the interval.
-- grain: one row per device_type and country (null: not known)
-- partitions: exactly the dates of the interval
-- bots: left out
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
SELECT
    device_type,
    country,
    COUNT(*) AS sessions,
    COUNT(DISTINCT visitor_id) AS visitors,
    CAST(COUNT(*) AS double) / SUM(COUNT(*)) OVER () AS session_share,
    SUM(page_views) AS page_views,
    CAST(COUNT_IF(is_bounce) AS double) / COUNT(*) AS bounce_rate,
    CAST(COUNT_IF(is_converted) AS double) / COUNT(*) AS conversion_rate
FROM sessions
WHERE dt >= CAST(:start AS date) AND dt <= CAST(:end AS date)
  AND start_time >= :start AND start_time < :end
  AND NOT is_bot
GROUP BY device_type, country
ORDER BY sessions DESC, device_type, country
