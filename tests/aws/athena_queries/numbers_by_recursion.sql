-- A query that continues itself.
WITH RECURSIVE steps(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM steps WHERE n < 6)
SELECT sum(n) AS total FROM steps
