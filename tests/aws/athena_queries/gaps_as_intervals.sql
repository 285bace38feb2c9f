-- The same, with the difference of instants compared to an interval: exactly half an hour still belongs.
SELECT visitor, count_if(gap IS NULL OR gap > INTERVAL '30' MINUTE) AS sessions
FROM (
  SELECT visitor, happened - lag(happened) OVER (PARTITION BY visitor ORDER BY happened, event_id) AS gap
  FROM clicks WHERE day >= '2026-11-21'
)
GROUP BY 1
ORDER BY 1
