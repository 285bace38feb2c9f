-- Means and differences along the hours; a ratio of whole numbers is a whole number.
SELECT day, hour, n, avg(n) OVER (ORDER BY day, hour ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS mean,
  n - lag(n, 1, 0) OVER (ORDER BY day, hour) AS change, CAST(n AS double) / sum(n) OVER () AS share,
  n / sum(n) OVER () AS whole_share
FROM (SELECT day, hour, count(*) AS n FROM clicks WHERE day >= '2026-11-21' GROUP BY 1, 2)
ORDER BY 1, 2
