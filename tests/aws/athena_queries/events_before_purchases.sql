-- EXISTS with a correlation, NOT IN with a list.
SELECT count(*) AS n FROM clicks a
WHERE day >= '2026-11-21'
  AND EXISTS (SELECT 1 FROM clicks b WHERE b.visitor = a.visitor AND b.kind = 'purchase' AND b.happened > a.happened)
  AND visitor NOT IN (SELECT visitor FROM clicks WHERE visitor = 'cleo')
