-- A scalar is text, an object none; text that is no JSON is NULL and ends nothing.
SELECT event_id, json_extract_scalar(details, '$.arm') AS arm, json_extract_scalar(details, '$.inner') AS nothing,
  try_cast(json_extract_scalar(details, '$.depth') AS integer) AS depth,
  json_array_length(json_extract(details, '$.sizes')) AS sizes
FROM clicks WHERE day >= '2026-11-21' ORDER BY 1, happened
