-- Sessions end after half an hour without an event: a running sum over LAG.
WITH marked AS (
  SELECT visitor, happened, event_id,
    CASE WHEN date_diff('minute', lag(happened) OVER (PARTITION BY visitor ORDER BY happened, event_id), happened) < 30
      THEN 0 ELSE 1 END AS begins
  FROM clicks
  WHERE day BETWEEN '2026-11-21' AND '2026-11-22' AND visitor IS NOT NULL
), numbered AS (
  SELECT *, sum(begins) OVER (PARTITION BY visitor ORDER BY happened, event_id ROWS UNBOUNDED PRECEDING) AS session
  FROM marked
)
SELECT visitor, session, count(*) AS events, min(happened) AS started,
  date_diff('second', min(happened), max(happened)) AS seconds
FROM numbered
GROUP BY visitor, session
ORDER BY visitor, session
