-- All totals of two columns.
SELECT day, kind, count(*) AS n FROM clicks WHERE day >= '2026-11-21'
GROUP BY CUBE (day, kind) ORDER BY 1, 2, 3
