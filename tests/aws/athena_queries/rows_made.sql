-- A row with named fields, and a field of a row.
SELECT CAST(ROW(visitor, count(*)) AS ROW(who varchar, events bigint)) AS made, place.city
FROM clicks WHERE day = '2026-11-21' GROUP BY visitor, place.city ORDER BY visitor, 2
