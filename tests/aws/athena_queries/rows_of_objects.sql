-- The object that a row lies in.
SELECT "$path" AS object, count(*) AS n FROM clicks WHERE day = '2026-11-21' GROUP BY 1 ORDER BY 1
