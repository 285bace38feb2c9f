-- Sketches of days, merged.
SELECT cardinality(merge(people)) AS people
FROM (SELECT day, approx_set(visitor) AS people FROM clicks WHERE day >= '2026-11-21' GROUP BY 1)
