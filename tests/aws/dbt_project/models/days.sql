-- Clicks of each day: a run adds the days that are not there.
{{ config(materialized='incremental', incremental_strategy='append', partitioned_by=['day']) }}
SELECT count(*) AS n, day FROM {{ ref('visits') }}
{% if is_incremental() %} WHERE day > (SELECT max(day) FROM {{ this }}) {% endif %}
GROUP BY day
