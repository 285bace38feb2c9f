-- The live counters beside the lake, hour by hour of arrival: what is told at once, and what is kept for good.
-- The parameter live takes what `python -m batch_jobs.show_counters --json --by hour` prints. Where all is compacted, the
-- difference is what producers sent again within an hour: it counts live, and is one row in the lake. While an hour waits
-- for compaction it is in the live counters only; once their retention is over, in the lake only.
-- grain: one row per hour_time (UTC) of arrival that either of them knows
-- partitions: the received hours that the caller names
-- bots: included
-- parameter received predicate: the received hours to read
-- parameter live text = {}: JSON of the live counters by hour
WITH lake AS (
    SELECT DATE_ADD('hour', hour, CAST(dt AS timestamp)) AS hour_time, COUNT(*) AS events
    FROM raw_events
    WHERE :received
    GROUP BY dt, hour
),
live AS (
    SELECT
        CAST(FROM_ISO8601_TIMESTAMP(JSON_EXTRACT_SCALAR(step, '$.start_time')) AS timestamp) AS hour_time,
        CAST(JSON_EXTRACT_SCALAR(step, '$.events') AS bigint) AS events
    FROM UNNEST(CAST(JSON_EXTRACT(:live, '$.steps') AS array(json))) AS counters (step)
)
SELECT
    COALESCE(live.hour_time, lake.hour_time) AS hour_time,
    live.events AS live_events,
    lake.events AS lake_events,
    COALESCE(live.events, 0) - COALESCE(lake.events, 0) AS difference
FROM live
FULL JOIN lake ON lake.hour_time = live.hour_time
ORDER BY COALESCE(live.hour_time, lake.hour_time)
