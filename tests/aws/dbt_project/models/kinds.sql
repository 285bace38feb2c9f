-- Clicks of each kind, as a table.
{{ config(materialized='table', format='parquet', write_compression='zstd') }}
SELECT kind, count(*) AS n FROM {{ ref('visits') }} GROUP BY kind
