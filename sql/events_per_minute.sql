-- How many events happened in each minute. Minutes without any are not there.
-- grain: one row per minute_time (UTC)
-- partitions: exactly the received hours that hold events of the interval
-- bots: included in events, and counted apart in bot_events
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
SELECT
    DATE_TRUNC('minute', event_time) AS minute_time,
    COUNT(*) AS events,
    COUNT(*) FILTER (WHERE is_bot) AS bot_events
FROM raw_events
WHERE :received
  AND event_time >= :start AND event_time < :end
GROUP BY DATE_TRUNC('minute', event_time)
ORDER BY minute_time
