-- OFFSET comes before LIMIT.
SELECT event_id FROM clicks WHERE day >= '2026-11-21' ORDER BY event_id DESC, happened OFFSET 3 LIMIT 2
