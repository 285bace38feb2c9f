-- The first two of each group, by a number of rows.
SELECT * FROM (
  SELECT day, page, count(*) AS n, row_number() OVER (PARTITION BY day ORDER BY count(*) DESC, page) AS rank
  FROM clicks WHERE day >= '2026-11-21' GROUP BY 1, 2
)
WHERE rank <= 2
ORDER BY 1, 4
