-- NULL comes last, whichever way the order runs.
SELECT visitor, amount FROM clicks WHERE day >= '2026-11-21' ORDER BY amount DESC, visitor DESC, event_id LIMIT 7
