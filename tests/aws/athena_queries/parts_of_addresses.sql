-- Parts of an address, percent signs decoded; text that is no address has none.
SELECT url_extract_host(page) AS host, url_extract_path(page) AS path,
  url_extract_parameter(page, 'utm_campaign') AS campaign, count(*) AS n
FROM clicks WHERE day >= '2026-11-21' GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2, 3
