-- Bounds of a text partition, computed from dates.
SELECT count(*) AS n FROM clicks
WHERE day >= date_format(date_add('day', -1, DATE '2026-11-22'), '%Y-%m-%d')
  AND day <= date_format(DATE '2026-11-21', '%Y-%m-%d')
