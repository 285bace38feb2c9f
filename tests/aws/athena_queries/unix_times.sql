-- Milliseconds since 1970, and back.
SELECT event_id, CAST(to_unixtime(happened) * 1000 AS bigint) AS ms,
  CAST(from_unixtime(to_unixtime(happened)) AS timestamp) AS again, to_unixtime(happened) / 60 AS minutes
FROM clicks WHERE day = '2026-11-21' AND hour = '09' ORDER BY 1
