-- Distinct people by step; a ratio of a decimal and a bigint keeps the decimal's one digit, one of a double does not.
SELECT count(DISTINCT visitor) AS visitors,
  count(DISTINCT visitor) FILTER (WHERE kind = 'add_to_cart') AS carts,
  count(DISTINCT CASE WHEN kind = 'purchase' THEN visitor END) AS buyers,
  100.0 * count(DISTINCT CASE WHEN kind = 'purchase' THEN visitor END) / count(DISTINCT visitor) AS percent,
  CAST(count(DISTINCT CASE WHEN kind = 'purchase' THEN visitor END) AS double) / count(DISTINCT visitor) AS share
FROM clicks
WHERE day BETWEEN '2026-11-21' AND '2026-11-22'
