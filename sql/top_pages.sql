-- Pages that people looked at, most viewed first.
-- grain: one row per app_id and page_path
-- partitions: exactly the received hours that hold events of the interval
-- bots: only in bot_views; pages that only bots asked for come last
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter limit integer = 50: rows to return
SELECT
    app_id,
    page_path,
    MAX_BY(page_title, event_time) FILTER (WHERE page_title IS NOT NULL) AS page_title,
    COUNT(*) FILTER (WHERE NOT COALESCE(is_bot, false)) AS page_views,
    COUNT(DISTINCT COALESCE(anonymous_id, user_id, session_id)) FILTER (WHERE NOT COALESCE(is_bot, false)) AS visitors,
    COUNT(DISTINCT session_id) FILTER (WHERE NOT COALESCE(is_bot, false)) AS sessions,
    CAST(COUNT(*) FILTER (WHERE NOT COALESCE(is_bot, false)) AS double)
        / NULLIF(SUM(COUNT(*) FILTER (WHERE NOT COALESCE(is_bot, false))) OVER (), 0) AS view_share,
    COUNT(*) FILTER (WHERE is_bot) AS bot_views
FROM raw_events
WHERE :received
  AND event_time >= :start AND event_time < :end
  AND event_type = 'page_view'
GROUP BY app_id, page_path
ORDER BY page_views DESC, app_id, page_path
LIMIT :limit
