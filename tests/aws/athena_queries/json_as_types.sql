-- An array and an object of JSON as an array and a map.
SELECT event_id, CAST(json_extract(details, '$.sizes') AS array(integer)) AS sizes,
  cardinality(CAST(json_parse(details) AS map(varchar, json))) AS keys
FROM clicks WHERE event_id IN ('c03', 'c04') AND day = '2026-11-21' ORDER BY 1
