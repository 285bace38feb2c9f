-- The place of an element is counted from 1.
SELECT event_id, label, place_in_list FROM clicks CROSS JOIN UNNEST(labels) WITH ORDINALITY AS t(label, place_in_list)
WHERE day >= '2026-11-21' ORDER BY event_id, place_in_list
