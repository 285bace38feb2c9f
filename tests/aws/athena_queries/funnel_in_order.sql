-- Steps count only in their order; the median of whole seconds is one of the values.
WITH firsts AS (
  SELECT visitor, min(happened) FILTER (WHERE kind = 'page_view') AS viewed,
    min(happened) FILTER (WHERE kind = 'add_to_cart') AS carted,
    min(happened) FILTER (WHERE kind = 'purchase') AS bought
  FROM clicks WHERE day >= '2026-11-21' GROUP BY visitor
)
SELECT count(viewed) AS viewers, count_if(carted > viewed) AS carts, count_if(bought > carted AND carted > viewed) AS buyers,
  approx_percentile(date_diff('second', viewed, bought), 0.5) AS median_seconds
FROM firsts
