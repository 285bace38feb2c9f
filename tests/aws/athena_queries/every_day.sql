-- Days without an event are there, too.
SELECT d, coalesce(n, 0) AS n
FROM UNNEST(sequence(DATE '2026-11-20', DATE '2026-11-23', INTERVAL '1' DAY)) AS t(d)
LEFT JOIN (SELECT CAST(day AS date) AS of_day, count(*) AS n FROM clicks WHERE day >= '2026-11-21' GROUP BY 1) e
  ON e.of_day = d
ORDER BY 1
