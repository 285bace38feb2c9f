-- approx_distinct, of few people exact, also with the error asked for.
SELECT day, approx_distinct(visitor) AS people, approx_distinct(visitor, 0.01) AS same_people
FROM clicks WHERE day >= '2026-11-21' GROUP BY day ORDER BY day
