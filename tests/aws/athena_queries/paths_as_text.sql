-- Steps in order as one text, and the kinds that occur.
SELECT visitor, array_join(array_agg(kind ORDER BY happened, event_id), ' > ') AS steps,
  array_sort(array_agg(DISTINCT kind)) AS kinds
FROM clicks WHERE day >= '2026-11-21' GROUP BY 1 ORDER BY 1
