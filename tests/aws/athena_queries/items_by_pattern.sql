-- What a pattern does not match is NULL, not an empty text.
SELECT regexp_extract(page, '/item/(\d+)', 1) AS item, count(*) AS n
FROM clicks WHERE day >= '2026-11-21' GROUP BY 1 ORDER BY 2 DESC, 1
