-- Clicks of each kind with its label, as a table.
{{ config(materialized='table', format='parquet', write_compression='zstd') }}
SELECT kind, label, count(*) AS n FROM {{ ref('visits') }} JOIN {{ ref('labels') }} USING (kind) GROUP BY kind, label
