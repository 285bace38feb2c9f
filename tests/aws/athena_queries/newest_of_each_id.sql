-- One row for each id, the newest.
SELECT count(*) AS n, max(happened) AS newest
FROM (
  SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY happened DESC) AS copy FROM clicks WHERE day >= '2026-11-21'
)
WHERE copy = 1
