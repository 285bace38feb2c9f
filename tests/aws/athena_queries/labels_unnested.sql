-- Elements of an array as rows; no array and an empty one give none.
SELECT label, count(*) AS n FROM clicks CROSS JOIN UNNEST(labels) AS t(label)
WHERE day >= '2026-11-21' GROUP BY 1 ORDER BY 2 DESC, 1
