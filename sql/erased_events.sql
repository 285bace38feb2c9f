-- Rows of a person up to an erasure: none when it is done. It asks by digest, so that no list of queries names anybody.
-- grain: one row
-- partitions: the received hours that the caller names
-- bots: included
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter digest text: first 32 hex digits of the SHA-256 of the column's name, a slash, and the id
SELECT COUNT(*) AS events
FROM raw_events
WHERE :received
  AND event_time >= :start AND event_time < :end
  AND (
    SUBSTR(LOWER(TO_HEX(SHA256(TO_UTF8(CONCAT('user_id/', user_id))))), 1, 32) = :digest
    OR SUBSTR(LOWER(TO_HEX(SHA256(TO_UTF8(CONCAT('anonymous_id/', anonymous_id))))), 1, 32) = :digest
    OR SUBSTR(LOWER(TO_HEX(SHA256(TO_UTF8(CONCAT('session_id/', session_id))))), 1, 32) = :digest
  )
