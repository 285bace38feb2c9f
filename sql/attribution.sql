-- Which channels earned the sessions in which something was bought, by five models side by side.
-- The touches of a purchase are the visitor's sessions that began in the look-back before it, and its own session. One
-- credit per converted session is shared among them: first and last give all to one; linear the same to each; position
-- position_percent to the first and as much to the last, the rest to those between (of two touches half each);
-- time_decay halves a touch's weight with every half_life_days before the purchase.
-- A session is what the table `sessions` holds (`clickstream.lake.sessionizing`).
-- grain: one row per model, channel and currency (null: the orders state none, or several)
-- partitions: exactly the dates of the interval, and those of the look-back before it
-- bots: left out
-- lookback: lookback_days
-- parameter start timestamp: first start_time of a converted session, UTC, included
-- parameter end timestamp: last start_time of a converted session, UTC, excluded
-- parameter lookback_days integer = 30: days before a purchase in which sessions count as touches
-- parameter half_life_days integer = 7: days in which a touch loses half of its weight
-- parameter position_percent integer = 40: credit of the first and of the last touch, at most 50
WITH visits AS (
    SELECT app_id, visitor_id, session_id, start_time, channel, is_converted, revenue, currency
    FROM sessions
    WHERE dt >= DATE_ADD('day', 0 - :lookback_days, CAST(:start AS date)) AND dt <= CAST(:end AS date)
      AND start_time >= DATE_ADD('day', 0 - :lookback_days, :start) AND start_time < :end
      AND NOT is_bot
),
touches AS (
    SELECT
        bought.session_id AS conversion_id,
        bought.currency,
        CAST(bought.revenue AS double) AS revenue,
        visits.channel,
        ROW_NUMBER() OVER (PARTITION BY bought.session_id ORDER BY visits.start_time, visits.session_id) AS place,
        COUNT(*) OVER (PARTITION BY bought.session_id) AS touches,
        POWER(
            2e0,
            CAST(DATE_DIFF('second', bought.start_time, visits.start_time) AS double) / (86400 * :half_life_days)
        ) AS weight
    FROM visits AS bought
    INNER JOIN visits
        ON visits.visitor_id = bought.visitor_id
        AND COALESCE(visits.app_id, '') = COALESCE(bought.app_id, '')
        AND (visits.start_time < bought.start_time OR visits.session_id = bought.session_id)
        AND visits.start_time >= DATE_ADD('day', 0 - :lookback_days, bought.start_time)
    WHERE bought.is_converted
      AND bought.start_time >= :start
),
shares AS (
    SELECT
        channel,
        currency,
        revenue,
        CASE WHEN place = 1 THEN 1e0 ELSE 0e0 END AS first_share,
        CASE WHEN place = touches THEN 1e0 ELSE 0e0 END AS last_share,
        1e0 / touches AS linear_share,
        CASE
            WHEN touches <= 2 THEN 1e0 / touches
            WHEN place = 1 OR place = touches THEN CAST(:position_percent AS double) / 100
            ELSE CAST(100 - 2 * :position_percent AS double) / (100 * (touches - 2))
        END AS position_share,
        weight / SUM(weight) OVER (PARTITION BY conversion_id) AS decay_share
    FROM touches
)
SELECT
    model,
    channel,
    currency,
    SUM(share) AS conversions,
    SUM(share * revenue) AS revenue
FROM shares
CROSS JOIN UNNEST(
    ARRAY['first', 'last', 'linear', 'position', 'time_decay'],
    ARRAY[first_share, last_share, linear_share, position_share, decay_share]
) AS credits (model, share)
WHERE share > 0
GROUP BY model, channel, currency
ORDER BY model, conversions DESC, channel, currency
