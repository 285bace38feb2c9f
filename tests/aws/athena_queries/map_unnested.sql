-- Keys and values of a map as rows.
SELECT k, v, count(*) AS n FROM clicks CROSS JOIN UNNEST(device) AS t(k, v)
WHERE day >= '2026-11-21' GROUP BY 1, 2 ORDER BY 1, 2
