-- Rows that stand equal with the last one are kept.
SELECT * FROM (
  SELECT visitor, count(*) AS n FROM clicks WHERE day >= '2026-11-21' AND visitor > 'b' GROUP BY 1
  ORDER BY n DESC FETCH FIRST 1 ROWS WITH TIES
)
ORDER BY visitor
