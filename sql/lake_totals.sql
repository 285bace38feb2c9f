-- How many rows the lake holds, and how many sessions they make: the numbers that the ledger is compared with.
-- Sessions are those of the table `sessions`, counted from the events: also on dates not built, never cut at midnight.
-- grain: one row
-- partitions: the received hours that the caller names
-- bots: included
-- parameter received predicate: the received hours to count
WITH visits AS (
    SELECT
        COALESCE(anonymous_id, session_id, user_id) AS person_id,
        event_time,
        LAG(event_time) OVER (
            PARTITION BY app_id, COALESCE(anonymous_id, session_id, user_id), COALESCE(is_bot, false)
            ORDER BY event_time, received_time, sequence_number, sub_sequence
        ) AS previous_time
    FROM raw_events
    WHERE :received
)
SELECT
    COUNT(*) AS event_rows,
    COUNT_IF(
        person_id IS NOT NULL
        AND (previous_time IS NULL OR DATE_DIFF('minute', previous_time, event_time) >= 30)
    ) AS sessions
FROM visits
