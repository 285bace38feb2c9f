-- Arrays changed, filtered and added up.
SELECT event_id, transform(labels, x -> upper(x)) AS loud, filter(labels, x -> x <> 'sale') AS others,
  reduce(basket, 0e0, (s, b) -> s + b.price * b.count, s -> round(s, 1)) AS total
FROM clicks WHERE day >= '2026-11-21' AND cardinality(labels) > 0 ORDER BY 1
