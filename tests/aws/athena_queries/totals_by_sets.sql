-- Grouping sets, and the bits that say which columns a total is over.
SELECT place.country AS country, kind, grouping(place.country, kind) AS level, count(*) AS n
FROM clicks WHERE day >= '2026-11-21'
GROUP BY GROUPING SETS ((place.country, kind), (place.country), ())
ORDER BY level, n DESC, country, kind
