-- Trino's functions and operators in DuckDB's words, in the order in which they build on one another.
-- A failing branch casts its message to a number: unlike error(), that works inside TRY(), and the engine reads the message back.

-- numbers -------------------------------------------------------------------------------------------------------------
CREATE MACRO tr_fail(message) AS CAST(message AS BIGINT);
CREATE MACRO tr_to_bigint
  (x BIGINT) AS x,
  (x DOUBLE) AS CAST(round(x) AS BIGINT),
  (x FLOAT) AS CAST(round(x) AS BIGINT),
  (x HUGEINT) AS CAST(x AS BIGINT),
  (x BOOLEAN) AS CAST(x AS BIGINT),
  (x VARCHAR) AS CASE WHEN x IS NULL OR regexp_full_match(trim(x), '[+-]?[0-9]+') THEN CAST(trim(x) AS BIGINT)
    ELSE tr_fail('INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to BIGINT') END;
CREATE MACRO tr_to_double
  (x DOUBLE) AS x,
  (x VARCHAR) AS CASE WHEN contains(x, '_') THEN tr_fail('INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to DOUBLE')
    ELSE CAST(x AS DOUBLE) END,
  (x BOOLEAN) AS CAST(x AS DOUBLE);
CREATE MACRO tr_to_varchar(x) AS CASE typeof(x)
  WHEN 'TIMESTAMP' THEN left(CAST(x AS VARCHAR) || CASE WHEN contains(CAST(x AS VARCHAR), '.') THEN '000' ELSE '.000' END, 23)
  WHEN 'TIMESTAMP WITH TIME ZONE' THEN left(replace(CAST(x AS VARCHAR), '+00', '')
    || CASE WHEN contains(CAST(x AS VARCHAR), '.') THEN '000' ELSE '.000' END, 23) || ' UTC'
  WHEN 'DOUBLE' THEN CASE WHEN regexp_matches(CAST(x AS VARCHAR), '[0-9]{8}[0-9]*\.|e|^-?0\.000')
    THEN left('', tr_fail('NOT_SUPPORTED (local engine): text of a very large or very small double')) ELSE CAST(x AS VARCHAR) END
  ELSE CAST(x AS VARCHAR) END;
-- Integers divide as integers and fail on zero, as DuckDB is set to; doubles follow IEEE 754.
CREATE MACRO tr_divide_doubles(a, b) AS CASE WHEN b <> 0 THEN a / nullif(b, 0)
  WHEN b = 0 THEN CASE WHEN isnan(CAST(a AS DOUBLE)) OR a = 0 THEN CAST('nan' AS DOUBLE)
    WHEN a > 0 THEN CAST('inf' AS DOUBLE) WHEN a < 0 THEN CAST('-inf' AS DOUBLE) END END;
-- Quotients of decimals, in whole numbers of their last digits.
CREATE MACRO tr_scaled(x, power) AS CAST(round(CAST(x AS DOUBLE) * power) AS HUGEINT);
CREATE MACRO tr_half_up(n, d) AS CAST(sign(n) * sign(d) * ((2 * abs(n) + abs(d)) / (2 * abs(d))) AS DOUBLE);
CREATE MACRO bitwise_left_shift(x, n) AS CAST(x AS BIGINT) << n;
CREATE MACRO bitwise_right_shift(x, n) AS CAST(x AS BIGINT) >> n;
CREATE MACRO codepoint(c) AS unicode(c);
CREATE MACRO e() AS exp(1);
CREATE MACRO tr_text(x) AS CAST(x AS VARCHAR);
CREATE MACRO nan() AS CAST('nan' AS DOUBLE);
CREATE MACRO infinity() AS CAST('inf' AS DOUBLE);
CREATE MACRO is_nan(x) AS isnan(x);
CREATE MACRO is_infinite(x) AS isinf(x);
CREATE MACRO is_finite(x) AS isfinite(x);
CREATE MACRO truncate(x) AS trunc(x);
CREATE MACRO tr_digit(c) AS CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 AS BIGINT);
CREATE MACRO from_base(s, radix) AS
  list_reduce(list_transform(string_split(lower(s), ''), lambda c: tr_digit(c)), lambda total, d: total * radix + d);
CREATE MACRO width_bucket(x, low, high, n) AS
  CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE CAST(floor((x - low) / (high - low) * n) AS BIGINT) + 1 END;

-- text ----------------------------------------------------------------------------------------------------------------
CREATE MACRO tr_concat(a VARCHAR, b VARCHAR) AS a || b;
CREATE MACRO tr_substr
  (s, start) AS CASE WHEN start = 0 OR (start < 0 AND -start > length(s)) THEN left(s, 0) ELSE substr(s, start) END,
  (s, start, n) AS CASE WHEN start = 0 OR n <= 0 OR (start < 0 AND -start > length(s)) THEN left(s, 0)
    ELSE substr(s, start, n) END;
CREATE MACRO tr_split_part(s, delimiter, n) AS
  CASE WHEN n > len(string_split(s, delimiter)) THEN NULL ELSE split_part(s, delimiter, n) END;
CREATE MACRO tr_replace
  (s, search) AS replace(s, search, ''),
  (s, search, substitute) AS replace(s, search, substitute);
CREATE MACRO tr_regexp_extract
  (s, pattern) AS CASE WHEN regexp_matches(s, pattern) THEN regexp_extract(s, pattern) END,
  (s, pattern, g) AS CASE WHEN regexp_matches(s, pattern) THEN regexp_extract(s, pattern, g) END;
CREATE MACRO regexp_count(s, pattern) AS len(regexp_extract_all(s, pattern));
CREATE MACRO split_to_map(s, entries, pairs) AS map_from_entries(list_transform(string_split(s, entries),
  lambda e: (split_part(e, pairs, 1), substr(e, strpos(e, pairs) + length(pairs)))));
CREATE MACRO tr_ascii_only(s) AS CASE WHEN length(s) = strlen(s) THEN s
  ELSE left(s, tr_fail('NOT_SUPPORTED (local engine): levenshtein_distance of text beyond ASCII')) END;
CREATE MACRO levenshtein_distance(a, b) AS levenshtein(tr_ascii_only(a), tr_ascii_only(b));
CREATE MACRO hamming_distance(a, b) AS hamming(tr_ascii_only(a), tr_ascii_only(b));

-- URLs: the rules of java.net.URI, on which Trino builds ------------------------------------------------------------------
CREATE MACRO url_decode_form(s) AS url_decode(replace(s, '+', ' '));
CREATE MACRO url_encode_form(s) AS replace(replace(replace(url_encode(s), '%20', '+'), '~', '%7E'), '%2A', '*');
CREATE MACRO tr_is_uri(u) AS
  regexp_full_match(u, '([A-Za-z0-9\-._~:/?#\[\]@!$&''()*+,;=]|%[0-9A-Fa-f]{2}|[^\x00-\x7F])*')
  AND NOT regexp_matches(u, '^[A-Za-z][A-Za-z0-9+.-]*://($|[?#])');
CREATE MACRO tr_raw_query(u) AS CASE WHEN regexp_matches(u, '^[^#]*\?') THEN regexp_extract(u, '^[^?#]*\?([^#]*)', 1) ELSE '' END;
CREATE MACRO url_extract_protocol(u) AS CASE WHEN tr_is_uri(u) THEN regexp_extract(u, '^([A-Za-z][A-Za-z0-9+.-]*):', 1) END;
CREATE MACRO url_extract_host(u) AS CASE WHEN tr_is_uri(u)
  THEN regexp_extract(u, '^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)?([^/?#:]*)', 1) END;
CREATE MACRO url_extract_port(u) AS CASE WHEN tr_is_uri(u) THEN TRY_CAST(nullif(
  regexp_extract(u, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?[^/?#:]*:(\d+)', 1), '') AS BIGINT) END;
CREATE MACRO url_extract_path(u) AS CASE WHEN tr_is_uri(u)
  THEN url_decode(regexp_extract(u, '^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?([^?#]*)', 1)) END;
CREATE MACRO url_extract_query(u) AS CASE WHEN tr_is_uri(u) THEN url_decode(tr_raw_query(u)) END;
CREATE MACRO url_extract_fragment(u) AS CASE WHEN tr_is_uri(u)
  THEN CASE WHEN contains(u, '#') THEN url_decode(regexp_extract(u, '#(.*)$', 1)) ELSE '' END END;
CREATE MACRO url_extract_parameter(u, name) AS CASE WHEN tr_is_uri(u) THEN list_first(list_transform(
  list_filter(string_split(tr_raw_query(u), '&'), lambda p: split_part(p, '=', 1) = name),
  lambda p: url_decode_form(substr(p, length(name) + 2)))) END;

-- dates and times -----------------------------------------------------------------------------------------------------
CREATE MACRO tr_plus_interval
  (d DATE, i INTERVAL) AS CAST(d + i AS DATE),
  (d TIMESTAMP, i INTERVAL) AS d + i,
  (d TIMESTAMPTZ, i INTERVAL) AS d + i,
  (d TIME, i INTERVAL) AS d + i,
  (d INTERVAL, i INTERVAL) AS d + i;
CREATE MACRO tr_date_trunc
  (unit, d DATE) AS CAST(date_trunc(unit, d) AS DATE),
  (unit, d TIMESTAMP) AS date_trunc(unit, d),
  (unit, d TIMESTAMPTZ) AS date_trunc(unit, d);
CREATE MACRO tr_millisecond(t) AS CAST(millisecond(t) % 1000 AS BIGINT);
CREATE MACRO tr_to_date
  (x DATE) AS x,
  (x TIMESTAMP) AS CAST(x AS DATE),
  (x TIMESTAMPTZ) AS CAST(x AT TIME ZONE 'UTC' AS DATE),
  (x VARCHAR) AS CASE WHEN x IS NULL OR regexp_full_match(trim(x), '[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}')
    THEN CAST(trim(x) AS DATE)
    ELSE CAST('INVALID_CAST_ARGUMENT: Value cannot be cast to date: ' || x AS DATE) END;
CREATE MACRO tr_to_timestamp
  (x DATE) AS CAST(x AS TIMESTAMP),
  (x TIMESTAMP) AS CAST(x AS TIMESTAMP),
  (x TIMESTAMPTZ) AS x AT TIME ZONE 'UTC',
  (x VARCHAR) AS CASE WHEN x IS NULL
      OR regexp_full_match(trim(x), '[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?')
    THEN CAST(trim(x) AS TIMESTAMP)
    ELSE CAST('INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: ' || x AS TIMESTAMP) END;
CREATE MACRO to_iso8601
  (d DATE) AS strftime(d, '%Y-%m-%d'),
  (d TIMESTAMP) AS strftime(d, '%Y-%m-%dT%H:%M:%S.%g'),
  (d TIMESTAMPTZ) AS strftime(d AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ');
CREATE MACRO tr_iso8601_utc(s) AS CASE WHEN s IS NULL OR regexp_matches(s, '(Z|[+-]00:?00)$') OR NOT regexp_matches(s, 'T.*[+-]')
  THEN CAST(s AS TIMESTAMPTZ) ELSE
  to_timestamp(tr_fail('NOT_SUPPORTED (local engine): from_iso8601_timestamp keeps an offset other than UTC: ' || s)) END;
CREATE MACRO tr_at_timezone
  (t TIMESTAMPTZ, z) AS t AT TIME ZONE z,
  (t TIMESTAMP, z) AS (t AT TIME ZONE 'UTC') AT TIME ZONE z;
CREATE MACRO tr_instant
  (t TIMESTAMPTZ) AS t,
  (t TIMESTAMP) AS t AT TIME ZONE 'UTC';
CREATE MACRO tr_with_timezone(t TIMESTAMP, z) AS t AT TIME ZONE z;
CREATE MACRO tr_unixtime
  (t TIMESTAMP) AS epoch_us(t) / 1e6,
  (t TIMESTAMPTZ) AS epoch_us(t) / 1e6,
  (t DATE) AS epoch_us(CAST(t AS TIMESTAMP)) / 1e6;
CREATE MACRO tr_from_unixtime(s) AS to_timestamp(round(CAST(s AS DOUBLE), 3));
CREATE MACRO to_milliseconds(i INTERVAL) AS CAST(epoch_ms(i) AS BIGINT);
CREATE MACRO year_of_week(d) AS isoyear(d);

-- JSON: a document that does not parse is NULL, never the end of the query. The broken document itself must go: a guard
-- around the call is not enough, since DuckDB may evaluate constant branches first ------------------------------------------
CREATE MACRO tr_json(j) AS CASE WHEN json_valid(j) THEN j END;
CREATE MACRO tr_json_extract_scalar(j, path) AS
  CASE WHEN json_type(tr_json(j), path) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN tr_json(j) ->> path END;
CREATE MACRO tr_json_extract(j, path) AS json_extract(tr_json(j), path);
CREATE MACRO tr_json_parse(j) AS CASE WHEN j IS NULL OR json_valid(j) THEN json(tr_json(j))
  ELSE CAST(CAST(tr_fail('INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON') AS VARCHAR) AS JSON) END;
CREATE MACRO tr_json_array_length(j) AS CASE WHEN json_type(tr_json(j)) = 'ARRAY' THEN json_array_length(tr_json(j)) END;
CREATE MACRO tr_json_exists(j, path) AS json_exists(tr_json(j), path);
CREATE MACRO json_size(j, path) AS CASE json_type(tr_json(j), path)
  WHEN 'OBJECT' THEN len(json_keys(tr_json(j), path)) WHEN 'ARRAY' THEN json_array_length(tr_json(j), path)
  ELSE CASE WHEN json_type(tr_json(j), path) IS NOT NULL THEN 0 END END;
CREATE MACRO json_array_contains(j, v) AS CASE WHEN json_type(tr_json(j)) = 'ARRAY'
  THEN list_contains(CAST(tr_json(j) AS JSON[]), CAST(to_json(v) AS JSON)) END;
CREATE MACRO is_json_scalar(j) AS json_type(tr_json(j)) NOT IN ('OBJECT', 'ARRAY');
CREATE MACRO json_array_get(j, i) AS CASE WHEN json_type(tr_json(j)) = 'ARRAY'
  THEN json_extract(tr_json(j), '$[' || CAST(i AS VARCHAR) || ']') END;

-- arrays --------------------------------------------------------------------------------------------------------------
CREATE MACRO tr_array_distinct(l) AS
  list_filter(l, lambda x, i: CASE WHEN x IS NULL THEN NOT list_has_any(list_transform(l[:i - 1], lambda y: y IS NULL), [true])
    ELSE list_position(l, x) = i END);
CREATE MACRO tr_array_position(l, x) AS CASE WHEN l IS NULL OR x IS NULL THEN NULL ELSE coalesce(list_position(l, x), 0) END;
CREATE MACRO tr_array_min(l) AS CASE WHEN len(l) <> list_count(l) THEN NULL ELSE list_min(l) END;
CREATE MACRO tr_array_max(l) AS CASE WHEN len(l) <> list_count(l) THEN NULL ELSE list_max(l) END;
CREATE MACRO tr_array_remove(l, v) AS list_filter(l, lambda x: x IS NULL OR x <> v);
CREATE MACRO tr_contains(l, v) AS CASE WHEN v IS NULL THEN NULL WHEN list_contains(l, v) THEN true
  WHEN len(l) <> list_count(l) THEN NULL ELSE list_contains(l, v) END;
CREATE MACRO tr_array_join
  (l, d) AS array_to_string(list_filter(l, lambda x: x IS NOT NULL), d),
  (l, d, n) AS array_to_string(list_transform(l, lambda x: coalesce(CAST(x AS VARCHAR), n)), d);
CREATE MACRO array_union(a, b) AS tr_array_distinct(list_concat(a, b));
CREATE MACRO arrays_overlap(a, b) AS list_has_any(a, b);
CREATE MACRO tr_slice(l, start, n) AS list_slice(l, CASE WHEN start < 0 THEN len(l) + start + 1 ELSE start END,
  CASE WHEN start < 0 THEN len(l) + start ELSE start - 1 END + n);
CREATE MACRO trim_array(l, n) AS list_slice(l, 1, len(l) - n);
CREATE MACRO tr_subscript(l, i) AS CASE
  WHEN i > len(l) THEN l[tr_fail('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: '
    || CAST(i AS VARCHAR) || ' > ' || CAST(len(l) AS VARCHAR))]
  WHEN i < 1 THEN l[tr_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1, got ' || CAST(i AS VARCHAR))]
  ELSE l[i] END;
CREATE MACRO tr_map_value(m, k) AS CASE WHEN m IS NOT NULL AND k IS NOT NULL AND NOT list_contains(map_keys(m), k)
  THEN map_values(m)[tr_fail('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || CAST(k AS VARCHAR))] ELSE m[k] END;
CREATE MACRO tr_repeat(x, n) AS list_transform(range(n), lambda i: x);
CREATE MACRO zip(a, b) AS
  list_transform(range(1, 1 + greatest(len(a), len(b))), lambda i: {'field0': a[i], 'field1': b[i]});
CREATE MACRO ngrams(l, n) AS list_transform(range(1, len(l) - n + 2), lambda i: list_slice(l, i, i + n - 1));

CREATE MACRO tr_any(answers) AS CASE WHEN list_contains(answers, true) THEN true WHEN len(answers) <> list_count(answers) THEN NULL
  WHEN answers IS NOT NULL THEN false END;
CREATE MACRO tr_all(answers) AS CASE WHEN list_contains(answers, false) THEN false WHEN len(answers) <> list_count(answers) THEN NULL
  WHEN answers IS NOT NULL THEN true END;
CREATE MACRO tr_pairs(x, y) AS list_transform(range(1, 1 + greatest(len(x), len(y))), lambda i: {'a': x[i], 'b': y[i]});

-- maps ----------------------------------------------------------------------------------------------------------------
CREATE MACRO tr_map_entries(m) AS list_transform(map_entries(m), lambda e: {'field0': e.key, 'field1': e.value});
CREATE MACRO tr_map_first(l) AS map_from_entries(list_transform(
  list_filter(l, lambda e, i: list_position(list_transform(l, lambda y: y.k), e.k) = i), lambda e: (e.k, e.v)));
CREATE MACRO tr_multimap(l) AS map_from_entries(list_transform(tr_array_distinct(list_transform(l, lambda e: e.k)),
  lambda k: (k, list_transform(list_filter(l, lambda e: e.k = k), lambda e: e.v))));

-- aggregates that need no window or DISTINCT form -----------------------------------------------------------------------------
CREATE MACRO map_agg(k, v) AS tr_map_first(list({'k': k, 'v': v}) FILTER (WHERE k IS NOT NULL));
CREATE MACRO multimap_agg(k, v) AS tr_multimap(list({'k': k, 'v': v}) FILTER (WHERE k IS NOT NULL));
CREATE MACRO map_union(m) AS tr_map_first(list_transform(flatten(list(map_entries(m))), lambda e: {'k': e.key, 'v': e.value}));
CREATE MACRO checksum(x) AS sum(hash(x));
CREATE MACRO tr_entropy(c) AS -sum(c * ln(c) / ln(2)) / sum(c) + ln(sum(c)) / ln(2);
CREATE MACRO set_agg(x) AS list(DISTINCT x);
