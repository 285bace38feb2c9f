-- A view, then carts, then a purchase, as a pattern of rows.
SELECT * FROM clicks MATCH_RECOGNIZE (
  PARTITION BY visitor ORDER BY happened
  MEASURES FIRST(v.happened) AS viewed, LAST(b.happened) AS bought
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (v c+ b)
  DEFINE v AS v.kind = 'page_view', c AS c.kind IN ('add_to_cart', 'begin_checkout'), b AS b.kind = 'purchase'
)
ORDER BY visitor
