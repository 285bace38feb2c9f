-- A LEFT JOIN keeps events without a label.
SELECT event_id, label FROM clicks LEFT JOIN UNNEST(labels) AS t(label) ON true
WHERE day = '2026-11-21' AND hour = '09' ORDER BY 1, 2
