-- Fields of the rows in an array as columns.
SELECT b.sku, sum(b.price * b.pieces) AS revenue, sum(b.pieces) AS pieces
FROM clicks CROSS JOIN UNNEST(basket) AS b(sku, price, pieces)
WHERE kind = 'purchase' AND day >= '2026-11-21' GROUP BY 1 ORDER BY 1
