-- The same with histogram, over all people, those without a name as well.
SELECT visitor, histogram(kind) AS kinds FROM clicks WHERE day >= '2026-11-21' GROUP BY 1 ORDER BY 1
