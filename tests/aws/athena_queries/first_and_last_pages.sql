-- The value beside an extreme, and the values beside the two highest.
SELECT visitor, max_by(page, happened) AS last_page, min_by(page, happened) AS first_page,
  max_by(event_id, happened, 2) AS last_two
FROM clicks WHERE day >= '2026-11-21' AND kind <> 'scroll' GROUP BY 1 ORDER BY 1
