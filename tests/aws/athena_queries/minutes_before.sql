-- A window by time, not by rows.
SELECT event_id, count(*) OVER (PARTITION BY visitor ORDER BY happened
  RANGE BETWEEN INTERVAL '15' MINUTE PRECEDING AND CURRENT ROW) AS n
FROM clicks WHERE day = '2026-11-21' ORDER BY 1
