-- How sessions went, by device: how many, how long, how deep, how many bought.
-- A session is what the table `sessions` holds (`clickstream.lake.sessionizing`): a run of events of one person without
-- a pause of 30 minutes. It counts where it begins, whole, also if it goes on after the interval.
-- A bounce is a session with one page view or none. Medians are approximate.
-- grain: one row per device_type
-- partitions: exactly the dates of the interval
-- bots: left out
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
SELECT
    device_type,
    COUNT(*) AS sessions,
    AVG(CAST(events AS double)) AS events_per_session,
    AVG(CAST(page_views AS double)) AS page_views_per_session,
    APPROX_PERCENTILE(CAST(duration_s AS double), 0.5) AS median_duration_s,
    CAST(COUNT(*) FILTER (WHERE is_bounce) AS double) / COUNT(*) AS bounce_rate,
    COUNT(*) FILTER (WHERE is_converted) AS converted_sessions,
    CAST(COUNT(*) FILTER (WHERE is_converted) AS double) / COUNT(*) AS conversion_rate
FROM sessions
WHERE dt >= CAST(:start AS date) AND dt <= CAST(:end AS date)
  AND start_time >= :start AND start_time < :end
  AND NOT is_bot
GROUP BY device_type
ORDER BY sessions DESC, device_type
