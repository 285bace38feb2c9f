-- What each variant of an experiment came to, against the control.
-- A visitor belongs to the variant that their events name in properties; who saw several is left out. They are
-- converted if the goal comes at or after the first event that names the variant. The difference comes with its range of
-- 95 %; z_score is that of two proportions with a pooled rate: beyond 1.96 either way chance is unlikely. Look at it
-- once, when the planned number of visitors is reached.
-- grain: one row per variant
-- partitions: exactly the received hours that hold events of the interval
-- bots: left out
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter variant_path text = $.variant: JSON path of the variant's name in properties
-- parameter control text = control: name of the variant that the others are compared with
-- parameter goal text = purchase: event_type that is hoped for
WITH events AS (
    SELECT
        COALESCE(anonymous_id, user_id, session_id) AS visitor_id,
        event_type,
        event_time,
        JSON_EXTRACT_SCALAR(properties, :variant_path) AS named
    FROM raw_events
    WHERE :received
      AND event_time >= :start AND event_time < :end
      AND COALESCE(anonymous_id, user_id, session_id) IS NOT NULL
      AND NOT COALESCE(is_bot, false)
),
visitors AS (
    SELECT
        MIN(named) AS variant,
        COALESCE(
            MAX(CASE WHEN event_type = :goal THEN event_time END)
                >= MIN(CASE WHEN named IS NOT NULL THEN event_time END),
            false
        ) AS is_converted
    FROM events
    GROUP BY visitor_id
    HAVING COUNT(DISTINCT named) = 1
),
rates AS (
    SELECT
        variant,
        COUNT(*) AS visitors,
        COUNT_IF(is_converted) AS converted_visitors,
        CAST(COUNT(*) AS double) AS n,
        CAST(COUNT_IF(is_converted) AS double) AS k,
        CAST(MAX(CASE WHEN variant = :control THEN COUNT(*) END) OVER () AS double) AS control_n,
        CAST(MAX(CASE WHEN variant = :control THEN COUNT_IF(is_converted) END) OVER () AS double) AS control_k
    FROM visitors
    GROUP BY variant
),
compared AS (
    SELECT
        variant,
        visitors,
        converted_visitors,
        k / n AS rate,
        k / n - control_k / control_n AS difference,
        SQRT(k * (n - k) / (n * n * n) + control_k * (control_n - control_k) / (control_n * control_n * control_n))
            AS own_error,
        SQRT(
            (k + control_k) * (n + control_n - k - control_k) / ((n + control_n) * (n + control_n))
            * (1 / n + 1 / control_n)
        ) AS pooled_error
    FROM rates
)
SELECT
    variant,
    visitors,
    converted_visitors,
    rate AS conversion_rate,
    CASE WHEN variant <> :control THEN difference END AS difference,
    CASE WHEN variant <> :control THEN difference - 196e-2 * own_error END AS difference_low,
    CASE WHEN variant <> :control THEN difference + 196e-2 * own_error END AS difference_high,
    CASE WHEN variant <> :control THEN difference / NULLIF(pooled_error, 0) END AS z_score
FROM compared
ORDER BY variant
