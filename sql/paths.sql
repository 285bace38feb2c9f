-- Where people went next: from each page to the page viewed after it in the same session, or out.
-- A session is one of the table `sessions` (`clickstream.lake.sessionizing`). Only those that begin and end in the
-- interval are followed. A page that is loaded again is followed by itself.
-- grain: one row per app_id, page_path and next_page ('(exit)': no page view came after it)
-- partitions: exactly the received hours that hold events of the interval, and the dates of the interval for sessions
-- bots: left out
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter from_page text = %: pattern of LIKE that page_path matches, % is any text
-- parameter limit integer = 50: rows to return
WITH visits AS (
    SELECT
        session_id,
        COALESCE(app_id, '') AS app,
        COALESCE(anonymous_id, producer_session_id, user_id) AS person_id,
        start_time,
        end_time
    FROM sessions
    WHERE dt >= CAST(:start AS date) AND dt <= CAST(:end AS date)
      AND start_time >= :start AND start_time < :end
      AND end_time < :end
      AND NOT is_bot
),
views AS (
    SELECT
        app_id,
        COALESCE(app_id, '') AS app,
        COALESCE(anonymous_id, session_id, user_id) AS person_id,
        page_path,
        event_time,
        received_time,
        sequence_number,
        sub_sequence
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND event_type = 'page_view'
      AND page_path IS NOT NULL
      AND NOT COALESCE(is_bot, false)
),
steps AS (
    SELECT
        views.app_id,
        visits.session_id,
        views.page_path,
        LEAD(views.page_path) OVER (
            PARTITION BY visits.session_id
            ORDER BY views.event_time, views.received_time, views.sequence_number, views.sub_sequence
        ) AS following_page
    FROM views
    INNER JOIN visits
        ON visits.app = views.app
        AND visits.person_id = views.person_id
        AND views.event_time >= visits.start_time AND views.event_time <= visits.end_time
)
SELECT
    app_id,
    page_path,
    COALESCE(following_page, '(exit)') AS next_page,
    COUNT(*) AS moves,
    COUNT(DISTINCT session_id) AS sessions,
    CAST(COUNT(*) AS double) / SUM(COUNT(*)) OVER (PARTITION BY app_id, page_path) AS move_share
FROM steps
WHERE page_path LIKE :from_page
GROUP BY app_id, page_path, COALESCE(following_page, '(exit)')
ORDER BY moves DESC, app_id, page_path, next_page
LIMIT :limit
