-- People by the day they were first seen, and by how many days later they came back.
WITH firsts AS (
  SELECT visitor, min(date(happened)) AS first_day FROM clicks
  WHERE visitor IS NOT NULL AND day >= '2026-11-21' GROUP BY 1
), active AS (
  SELECT DISTINCT visitor, date(happened) AS active_day FROM clicks WHERE day >= '2026-11-21'
)
SELECT first_day, date_diff('day', first_day, active_day) AS days_later, count(DISTINCT a.visitor) AS visitors
FROM firsts f JOIN active a ON a.visitor = f.visitor
GROUP BY 1, 2
ORDER BY 1, 2
