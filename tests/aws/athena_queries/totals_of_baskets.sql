-- A subquery for each row, over the row's own array.
SELECT e.event_id, x.total
FROM clicks e CROSS JOIN LATERAL (SELECT sum(b.price * b.pieces) AS total FROM UNNEST(e.basket) AS b(sku, price, pieces)) x
WHERE e.kind = 'purchase' AND day >= '2026-11-21' ORDER BY 1
