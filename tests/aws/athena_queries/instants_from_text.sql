-- An ISO 8601 text compared with instants.
SELECT count(*) AS n FROM clicks
WHERE with_timezone(happened, 'UTC') >= from_iso8601_timestamp('2026-11-22T00:00:00Z') AND day >= '2026-11-21'
