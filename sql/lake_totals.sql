-- How many rows the lake holds, and how many sessions they belong to: the numbers that the ledger is compared with.
-- grain: one row
-- partitions: the received hours that the caller names
-- bots: included
-- parameter received predicate: the received hours to count
SELECT
    COUNT(*) AS event_rows,
    COUNT(DISTINCT session_id) AS sessions
FROM raw_events
WHERE :received
