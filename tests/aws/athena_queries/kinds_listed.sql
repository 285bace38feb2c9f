-- A list as text in an order of its own.
SELECT visitor, listagg(kind, ',') WITHIN GROUP (ORDER BY happened, event_id) AS kinds
FROM clicks WHERE day >= '2026-11-21' GROUP BY 1 ORDER BY 1
