-- The last value that is there; an empty one is none.
SELECT event_id, last_value(nullif(referrer, '')) IGNORE NULLS OVER (PARTITION BY visitor ORDER BY happened, event_id
  ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS source
FROM clicks WHERE day >= '2026-11-21' ORDER BY 1, happened
