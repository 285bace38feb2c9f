-- Where sessions began and where they ended, by page.
-- A session is one of the table `sessions` (`clickstream.lake.sessionizing`). It counts where it begins, whole, also if
-- it goes on after the interval. A bounce is a session with one page view or none.
-- grain: one row per app_id and page_path
-- partitions: exactly the dates of the interval
-- bots: left out
-- parameter start timestamp: first start_time, UTC, included
-- parameter end timestamp: last start_time, UTC, excluded
-- parameter limit integer = 50: rows to return
WITH visits AS (
    SELECT app_id, entry_page, exit_page, is_bounce, is_converted
    FROM sessions
    WHERE dt >= CAST(:start AS date) AND dt <= CAST(:end AS date)
      AND start_time >= :start AND start_time < :end
      AND NOT is_bot
),
ends AS (
    SELECT
        app_id,
        page_path,
        role,
        is_bounce,
        is_converted
    FROM visits
    CROSS JOIN UNNEST(ARRAY[entry_page, exit_page], ARRAY['entry', 'exit']) AS pages (page_path, role)
    WHERE page_path IS NOT NULL
)
SELECT
    app_id,
    page_path,
    COUNT_IF(role = 'entry') AS entries,
    COUNT_IF(role = 'exit') AS exits,
    COUNT_IF(role = 'entry' AND is_bounce) AS bounces,
    CAST(COUNT_IF(role = 'entry' AND is_bounce) AS double) / NULLIF(COUNT_IF(role = 'entry'), 0) AS bounce_rate,
    CAST(COUNT_IF(role = 'entry' AND is_converted) AS double) / NULLIF(COUNT_IF(role = 'entry'), 0)
        AS entry_conversion_rate
FROM ends
GROUP BY app_id, page_path
ORDER BY entries DESC, exits DESC, app_id, page_path
LIMIT :limit
