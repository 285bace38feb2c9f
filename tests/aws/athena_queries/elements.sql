-- First and last elements, a key that may be absent.
SELECT event_id, element_at(labels, 1) AS first_label, element_at(labels, -1) AS last_label,
  element_at(device, 'os') AS os, try(device['absent']) AS absent
FROM clicks WHERE day = '2026-11-21' ORDER BY 1
