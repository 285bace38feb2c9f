-- Weeks begin on Monday, Sunday is the seventh day.
SELECT date_trunc('week', happened) AS week_start, day_of_week(happened) AS weekday,
  extract(dow FROM happened) AS same_weekday, week(happened) AS week, count(*) AS n
FROM clicks WHERE day >= '2026-11-21' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2
