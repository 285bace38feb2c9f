-- Clicks of known visitors, as a view.
SELECT visitor, kind, CAST(happened AS date) AS day FROM {{ source('web', 'clicks') }} WHERE visitor IS NOT NULL
