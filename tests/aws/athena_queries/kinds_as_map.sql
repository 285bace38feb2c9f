-- map_agg of a grouped query.
SELECT visitor, map_agg(kind, n) AS kinds
FROM (SELECT visitor, kind, count(*) AS n FROM clicks WHERE day = '2026-11-21' GROUP BY 1, 2)
GROUP BY 1 ORDER BY 1
