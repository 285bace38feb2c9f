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
-- A double as Java writes it: 1.0E7 from ten millions on, 1.0E-4 below a thousandth.
CREATE MACRO tr_exponent(whole, fraction) AS CASE WHEN whole <> '0' THEN length(whole) - 1 ELSE length(ltrim(fraction, '0')) - length(fraction) - 1 END;
CREATE MACRO tr_scientific(digits, exponent) AS
  left(digits, 1) || '.' || CASE WHEN length(digits) > 1 THEN substr(digits, 2) ELSE '0' END || 'E' || CAST(exponent AS VARCHAR);
CREATE MACRO tr_java_digits(text) AS CASE WHEN contains(text, 'e')
  THEN tr_scientific(replace(split_part(text, 'e', 1), '.', ''), CAST(split_part(text, 'e', 2) AS INTEGER))
  ELSE tr_scientific(trim(replace(text, '.', ''), '0'), tr_exponent(split_part(text, '.', 1), split_part(text, '.', 2))) END;
CREATE MACRO tr_java_double(x) AS CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
  WHEN x <> 0 AND (abs(x) >= 1e7 OR abs(x) < 1e-3)
  THEN CASE WHEN x < 0 THEN '-' ELSE '' END || tr_java_digits(CAST(abs(x) AS VARCHAR)) ELSE CAST(x AS VARCHAR) END;
CREATE MACRO tr_to_varchar(x) AS CASE typeof(x)
  WHEN 'TIMESTAMP' THEN left(CAST(x AS VARCHAR) || CASE WHEN contains(CAST(x AS VARCHAR), '.') THEN '000' ELSE '.000' END, 23)
  WHEN 'TIMESTAMP WITH TIME ZONE' THEN left(replace(CAST(x AS VARCHAR), '+00', '')
    || CASE WHEN contains(CAST(x AS VARCHAR), '.') THEN '000' ELSE '.000' END, 23) || ' UTC'
  WHEN 'DOUBLE' THEN tr_java_double(TRY_CAST(x AS DOUBLE))
  ELSE CAST(x AS VARCHAR) END;
-- Integers divide as integers and fail on zero, as DuckDB is set to; doubles follow IEEE 754.
CREATE MACRO tr_divide_doubles(a, b) AS CASE WHEN b <> 0 THEN a / nullif(b, 0)
  WHEN b = 0 THEN CASE WHEN isnan(CAST(a AS DOUBLE)) OR a = 0 THEN CAST('nan' AS DOUBLE)
    WHEN (a > 0) = (CAST(CAST(b AS DOUBLE) AS VARCHAR) <> '-0.0') THEN CAST('inf' AS DOUBLE) WHEN a <> 0 THEN CAST('-inf' AS DOUBLE) END END;
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
CREATE MACRO tr_to_base(n, radix) AS lower(CASE WHEN n < 0 THEN '-' || to_base(-n, radix) ELSE to_base(n, radix) END);
CREATE MACRO tr_sign
  (x DOUBLE) AS CASE WHEN isnan(x) OR x = 0 THEN x ELSE CAST(sign(x) AS DOUBLE) END,
  (x BIGINT) AS CAST(sign(x) AS BIGINT),
  (x FLOAT) AS CASE WHEN isnan(x) OR x = 0 THEN x ELSE CAST(sign(x) AS FLOAT) END,
  (x HUGEINT) AS CAST(sign(x) AS BIGINT);
CREATE MACRO width_bucket(x, low, high, n) AS
  CASE WHEN isnan(CAST(x AS DOUBLE)) THEN tr_fail('INVALID_FUNCTION_ARGUMENT: operand must not be NaN') WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE CAST(floor((x - low) / (high - low) * n) AS BIGINT) + 1 END;

-- text ----------------------------------------------------------------------------------------------------------------
CREATE MACRO tr_concat(a VARCHAR, b VARCHAR) AS a || b;
CREATE MACRO tr_substr
  (s, start) AS CASE WHEN start = 0 OR start > length(s) OR start < -length(s) THEN left(s, 0) ELSE substr(s, start) END,
  (s, start, n) AS CASE WHEN start IS NULL OR n IS NULL THEN left(s, NULL) WHEN start = 0 OR n <= 0 OR start > length(s) OR start < -length(s) THEN left(s, 0)
    ELSE substr(s, start, least(n, length(s))) END;
-- What Java calls white space: tab to carriage return, the separators, no no-break spaces.
CREATE MACRO tr_white() AS chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || ' '
  || chr(5760) || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8200) || chr(8201)
  || chr(8202) || chr(8232) || chr(8233) || chr(8287) || chr(12288);
CREATE MACRO tr_trim(s) AS trim(s, tr_white());
CREATE MACRO tr_ltrim(s) AS ltrim(s, tr_white());
CREATE MACRO tr_rtrim(s) AS rtrim(s, tr_white());
CREATE MACRO tr_split_part(s, delimiter, n) AS
  CASE WHEN n > len(string_split(s, delimiter)) THEN NULL ELSE split_part(s, delimiter, n) END;
CREATE MACRO tr_replace
  (s, search) AS replace(s, search, ''),
  (s, search, substitute) AS replace(s, search, substitute);
CREATE MACRO tr_regexp_extract
  (s, pattern) AS CASE WHEN regexp_matches(s, pattern) THEN regexp_extract(s, pattern) END,
  (s, pattern, g) AS CASE WHEN regexp_matches(s, pattern) THEN regexp_extract(s, pattern, g) END;
CREATE MACRO tr_regexp_extract_all
  (s, pattern) AS CASE WHEN s IS NOT NULL AND pattern IS NOT NULL THEN regexp_extract_all(s, pattern) END,
  (s, pattern, g) AS CASE WHEN s IS NOT NULL AND pattern IS NOT NULL THEN regexp_extract_all(s, pattern, g) END;
CREATE MACRO regexp_count(s, pattern) AS len(tr_regexp_extract_all(s, pattern));
CREATE MACRO tr_pair(e, delimiter) AS CASE WHEN len(string_split(e, delimiter)) = 2 THEN string_split(e, delimiter)
  ELSE [left('', tr_fail('INVALID_FUNCTION_ARGUMENT: Key-value delimiter must appear exactly once in each entry. Bad input: ' || e))] END;
CREATE MACRO tr_entries(s, delimiter) AS CASE WHEN s = '' THEN [] ELSE string_split(
  CASE WHEN suffix(s, delimiter) THEN left(s, length(s) - length(delimiter)) ELSE s END, delimiter) END;
CREATE MACRO split_to_map(s, entries, pairs) AS map_from_entries(list_transform(list_transform(tr_entries(s, entries),
  lambda e: tr_pair(e, pairs)), lambda p: (p[1], p[2])));
CREATE MACRO tr_ascii_only(s) AS CASE WHEN length(s) = strlen(s) THEN s
  ELSE left(s, tr_fail('NOT_SUPPORTED (local engine): levenshtein_distance of text beyond ASCII')) END;
CREATE MACRO levenshtein_distance(a, b) AS levenshtein(tr_ascii_only(a), tr_ascii_only(b));
CREATE MACRO hamming_distance(a, b) AS hamming(tr_ascii_only(a), tr_ascii_only(b));

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
CREATE MACRO yow(d) AS isoyear(d);

-- JSON: a document that does not parse is NULL, never the end of the query. The broken document itself must go: a guard
-- around the call is not enough, since DuckDB may evaluate constant branches first ------------------------------------------
CREATE MACRO tr_json(j) AS CASE WHEN json_valid(j) THEN j END;
CREATE MACRO tr_json_extract_scalar(j, path) AS
  CASE WHEN json_type(tr_json(j), path) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN tr_json(j) ->> path END;
CREATE MACRO tr_json_extract(j, path) AS json_extract(tr_json(j), path);
CREATE MACRO tr_json_parse(j) AS CASE WHEN j IS NULL OR json_valid(j) THEN json(tr_json(j))
  ELSE CAST(CAST(tr_fail('INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON') AS VARCHAR) AS JSON) END;
CREATE MACRO tr_json_array_length(j) AS CASE WHEN json_type(tr_json(j)) = 'ARRAY' THEN CAST(json_array_length(tr_json(j)) AS BIGINT) END;
CREATE MACRO tr_json_exists(j, path) AS json_exists(tr_json(j), path);
CREATE MACRO json_size(j, path) AS CASE json_type(tr_json(j), path)
  WHEN 'OBJECT' THEN len(json_keys(tr_json(j), path)) WHEN 'ARRAY' THEN CAST(json_array_length(tr_json(j), path) AS BIGINT)
  ELSE CASE WHEN json_type(tr_json(j), path) IS NOT NULL THEN 0 END END;
CREATE MACRO json_array_contains(j, v) AS CASE WHEN json_type(tr_json(j)) = 'ARRAY'
  THEN list_contains(CAST(tr_json(j) AS JSON[]), CAST(to_json(v) AS JSON)) END;
CREATE MACRO is_json_scalar(j) AS json_type(CAST(tr_json_parse(j) AS JSON)) NOT IN ('OBJECT', 'ARRAY');
CREATE MACRO json_array_get(j, i) AS CASE WHEN json_type(tr_json(j)) = 'ARRAY'
  THEN json_extract(tr_json(j), '$[' || CAST(i AS VARCHAR) || ']') END;

-- arrays --------------------------------------------------------------------------------------------------------------
CREATE MACRO tr_array_distinct(l) AS
  list_filter(l, lambda x, i: CASE WHEN x IS NULL THEN NOT list_has_any(list_transform(l[:i - 1], lambda y: y IS NULL), [true])
    ELSE list_position(l, x) = i END);
CREATE MACRO tr_array_position(l, x) AS CASE WHEN l IS NULL OR x IS NULL THEN NULL ELSE coalesce(list_position(l, x), 0) END;
CREATE MACRO tr_array_min(l) AS CASE WHEN len(l) <> list_count(l) THEN NULL ELSE list_min(l) END;
CREATE MACRO tr_array_max(l) AS CASE WHEN len(l) <> list_count(l) THEN NULL ELSE list_max(l) END;
CREATE MACRO tr_array_remove(l, v) AS CASE WHEN v IS NOT NULL THEN list_filter(l, lambda x: x IS NULL OR x <> v) END;
CREATE MACRO tr_contains(l, v) AS CASE WHEN v IS NULL THEN NULL WHEN list_contains(l, v) THEN true
  WHEN len(l) <> list_count(l) THEN NULL ELSE list_contains(l, v) END;
CREATE MACRO tr_array_join
  (l, d) AS array_to_string(list_filter(l, lambda x: x IS NOT NULL), d),
  (l, d, n) AS array_to_string(list_transform(l, lambda x: coalesce(CAST(x AS VARCHAR), n)), d);
CREATE MACRO tr_list_concat(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN list_concat(a, b) END;
CREATE MACRO array_union(a, b) AS tr_array_distinct(tr_list_concat(a, b));
CREATE MACRO tr_in(l, x) AS CASE WHEN x IS NULL THEN len(l) <> list_count(l) ELSE list_contains(l, x) END;
CREATE MACRO array_except(a, b) AS CASE WHEN b IS NOT NULL THEN tr_array_distinct(list_filter(a, lambda x: NOT tr_in(b, x))) END;
CREATE MACRO array_intersect(a, b) AS CASE WHEN b IS NOT NULL THEN tr_array_distinct(list_filter(a, lambda x: tr_in(b, x))) END;
CREATE MACRO arrays_overlap(a, b) AS CASE WHEN list_has_any(a, b) THEN true
  WHEN (len(a) <> list_count(a) OR len(b) <> list_count(b)) AND len(a) > 0 AND len(b) > 0 THEN NULL ELSE list_has_any(a, b) END;
CREATE MACRO tr_slice(l, start, n) AS CASE WHEN start = 0
  THEN l[tr_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1'):] WHEN n < 0
  THEN l[tr_fail('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0'):]
  WHEN start < -len(l) THEN l[1:0] ELSE list_slice(l, CASE WHEN start < 0 THEN len(l) + start + 1 ELSE start END,
  CASE WHEN start < 0 THEN len(l) + start ELSE start - 1 END + n) END;
CREATE MACRO trim_array(l, n) AS CASE WHEN n < 0 OR n > len(l)
  THEN l[tr_fail('INVALID_FUNCTION_ARGUMENT: size must be between 0 and the cardinality of the array: ' || CAST(n AS VARCHAR)):]
  ELSE list_slice(l, 1, len(l) - n) END;
CREATE MACRO tr_sequence_by(a, b, step) AS CASE WHEN step = 0 OR (b - a) / step < 0
    THEN range(tr_fail('INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero'))
    WHEN (b - a) / step >= 10000 THEN range(tr_fail('INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries'))
    ELSE generate_series(a, b, step) END;
CREATE MACRO tr_sequence(a, b) AS tr_sequence_by(a, b, CASE WHEN a <= b THEN 1 ELSE -1 END);
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
CREATE MACRO tr_array_equal(a, b) AS CASE WHEN len(a) <> len(b) THEN false
  ELSE tr_all(list_transform(tr_pairs(a, b), lambda p: p.a = p.b)) END;

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
