-- What campaigns brought: the sessions that state one, by its source, medium and name.
-- A session is one of the table `sessions` (`clickstream.lake.sessionizing`). It counts where it begins, whole, also if
-- it goes on after the interval. Its campaign is that of its first event that states one. For credit over several
-- sessions see attribution.sql.
-- grain: one row per utm_source, utm_medium and utm_campaign (null: that part is not stated)
-- partitions: exactly the dates of the interval
-- bots: left out
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
-- parameter limit integer = 50: rows to return
SELECT
    utm_source,
    utm_medium,
    utm_campaign,
    COUNT(*) AS sessions,
    COUNT(DISTINCT visitor_id) AS visitors,
    SUM(page_views) AS page_views,
    SUM(orders) AS orders,
    CAST(COUNT_IF(is_bounce) AS double) / COUNT(*) AS bounce_rate,
    CAST(COUNT_IF(is_converted) AS double) / COUNT(*) AS conversion_rate
FROM sessions
WHERE dt >= CAST(:start AS date) AND dt <= CAST(:end AS date)
  AND start_time >= :start AND start_time < :end
  AND NOT is_bot
  AND COALESCE(utm_source, utm_medium, utm_campaign) IS NOT NULL
GROUP BY utm_source, utm_medium, utm_campaign
ORDER BY sessions DESC, utm_source, utm_medium, utm_campaign
LIMIT :limit
