-- Percentiles are values that occur, one by one or as an array.
SELECT kind, approx_percentile(amount, 0.5) AS middle, approx_percentile(amount, ARRAY[0.25, 0.9, 0.99]) AS spread
FROM clicks WHERE day >= '2026-11-21' AND amount IS NOT NULL GROUP BY 1
