-- What people did in each session, from the first event to the last.
-- A session is what the table `sessions` holds (`clickstream.lake.sessionizing`): a run of events of one person without
-- a pause of 30 minutes. It counts where it begins, whole, also if it goes on after the interval.
-- grain: one row per session
-- partitions: exactly the dates of the interval
-- bots: left out
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
SELECT
    session_id,
    app_id,
    visitor_id,
    start_time,
    end_time,
    duration_s,
    events,
    page_views,
    pages,
    entry_page,
    exit_page,
    channel,
    utm_source,
    utm_medium,
    utm_campaign,
    device_type,
    country,
    is_bounce,
    is_converted,
    orders,
    revenue,
    currency
FROM sessions
WHERE dt >= CAST(:start AS date) AND dt <= CAST(:end AS date)
  AND start_time >= :start AND start_time < :end
  AND NOT is_bot
ORDER BY start_time, session_id
