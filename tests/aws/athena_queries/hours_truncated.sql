-- Hours and days of instants.
SELECT date_trunc('hour', happened) AS hour_start, date_trunc('day', happened) AS day_start, count(*) AS n
FROM clicks WHERE day BETWEEN '2026-11-21' AND '2026-11-22' GROUP BY 1, 2 ORDER BY 1
