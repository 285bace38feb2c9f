-- The hour and the date on the clocks of other places.
SELECT event_id, hour(happened AT TIME ZONE 'America/New_York') AS new_york,
  date(at_timezone(with_timezone(happened, 'UTC'), 'Europe/Berlin')) AS berlin
FROM clicks WHERE day = '2026-11-21' AND hour > '09' ORDER BY 1
