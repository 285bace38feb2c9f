-- Where consent was refused, no identifier is kept.
-- grain: one row per received hour that breaks the rule; none when all is well
-- partitions: the received hours that the caller names
-- parameter received predicate: the received hours to check
SELECT
    dt,
    hour,
    COUNT(*) AS events
FROM raw_events
WHERE :received
  AND consent = false
  AND COALESCE(session_id, user_id, anonymous_id, ip_address) IS NOT NULL
GROUP BY dt, hour
ORDER BY dt, hour
