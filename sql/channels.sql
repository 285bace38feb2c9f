-- Where sessions came from: the channel of the first event of each session.
-- A session is what the table `sessions` holds (`clickstream.lake.sessionizing`): a run of events of one person without
-- a pause of 30 minutes. It counts where it begins, whole, also if it goes on after the interval.
-- grain: one row per channel
-- partitions: exactly the dates of the interval
-- bots: left out
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
SELECT
    channel,
    COUNT(*) AS sessions,
    COUNT(DISTINCT visitor_id) AS visitors,
    SUM(page_views) AS page_views,
    SUM(orders) AS orders,
    CAST(COUNT(*) FILTER (WHERE orders > 0) AS double) / COUNT(*) AS conversion_rate
FROM sessions
WHERE dt >= CAST(:start AS date) AND dt <= CAST(:end AS date)
  AND start_time >= :start AND start_time < :end
  AND NOT is_bot
GROUP BY channel
ORDER BY sessions DESC, channel
