"""Trino's functions as macros of DuckDB, where one differs or is missing.

A macro raises an error by casting the message to a number: unlike DuckDB's own ``error``, TRY can catch that. A message
has to depend on a column, or DuckDB evaluates it for rows that do not need it; hence the empty ``left(…, 0)``.
"""

from __future__ import annotations

_TEXT_OF_PARTS = "lpad(CAST({0} AS VARCHAR), {1}, '0')"

MACROS: dict[str, str] = {
    "trino_check(v, ok, message)": (
        "CASE WHEN coalesce(ok, TRUE) THEN v WHEN CAST(message AS INTEGER) IS NULL THEN NULL END"
    ),
    # Numbers
    "trino_unscaled(x)": "CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT)",
    "trino_quotient(a, b)": "sign(a) * sign(b) * ((abs(a) * 2 + abs(b)) // (abs(b) * 2))",
    "trino_digits(x, n)": (
        "lpad(CAST(abs(x) AS VARCHAR), CAST(greatest(n, length(CAST(abs(x) AS VARCHAR))) AS INTEGER), '0')"
    ),
    "trino_scaled(x, n)": (
        "CASE WHEN x < 0 THEN '-' ELSE '' END || CASE WHEN n = 0 THEN CAST(abs(x) AS VARCHAR) ELSE "
        "left(trino_digits(x, n + 1), length(trino_digits(x, n + 1)) - n) || '.' || "
        "right(trino_digits(x, n + 1), n) END"
    ),
    "trino_divide(a, b, shift, digits)": (
        "trino_scaled(trino_quotient(trino_unscaled(a) * CAST('1' || repeat('0', shift) AS HUGEINT), "
        "trino_unscaled(b)), digits)"
    ),
    "trino_finite(x)": "CASE WHEN isfinite(x) THEN x END",
    "trino_to_base(x, base)": ("CASE WHEN x < 0 THEN '-' ELSE '' END || lower(to_base(abs(x), CAST(base AS INTEGER)))"),
    "trino_remainder(a, b)": "CASE WHEN b = 0 THEN CAST('NaN' AS DOUBLE) ELSE a % b END",
    # Exact for cubes, as Java's is.
    "trino_cube_root(x)": "CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END",
    "trino_width_bucket(x, low, high, n)": (
        "trino_check(CASE WHEN (x - low) * sign(high - low) < 0 THEN 0 "
        "WHEN (x - high) * sign(high - low) >= 0 THEN n + 1 "
        "ELSE CAST(floor((x - low) * n / (high - low)) AS BIGINT) + 1 END, n > 0 AND low <> high AND NOT isnan(x), "
        "'INVALID_FUNCTION_ARGUMENT: ' || CASE WHEN n <= 0 THEN 'bucketCount must be greater than 0' "
        "WHEN isnan(x) THEN 'operand must not be NaN' ELSE 'bounds cannot equal each other' END)"
    ),
    "trino_bucket_of(x, bins)": (
        "trino_check(CAST(len(list_filter(bins, lambda e_: e_ <= x)) AS BIGINT), len(bins) > 0 AND NOT isnan(x), "
        "'INVALID_FUNCTION_ARGUMENT: ' || CASE WHEN isnan(x) THEN 'Operand cannot be NaN' "
        "ELSE 'Bins cannot be an empty array' END)"
    ),
    # Text
    "trino_regexp_extract(s, p)": "CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, 0) END",
    # DuckDB has an empty text also for a group that took no part in the match.
    "trino_regexp_extract_group(s, p, g)": (
        "trino_check(CASE WHEN regexp_matches(s, p) THEN CASE WHEN g > 0 AND regexp_extract(s, p, g) = '' "
        "THEN trino_regexp_group(s, p, g) ELSE regexp_extract(s, p, g) END END, "
        "g <= trino_regexp_count_groups(p), trino_no_group(p, g))"
    ),
    "trino_regexp_extract_all(s, p, g)": (
        "trino_check(CASE WHEN g > 0 AND list_contains(regexp_extract_all(s, p, g), '') "
        "THEN trino_regexp_group_of_all(s, p, g) ELSE regexp_extract_all(s, p, g) END, "
        "g <= trino_regexp_count_groups(p), trino_no_group(p, g))"
    ),
    "trino_regexp_replace(s, p, r)": (
        "CASE WHEN regexp_matches('', p) THEN trino_regexp_substitute(s, p, r) "
        "ELSE regexp_replace(s, p, trino_replacement(r, p), 'g') END"
    ),
    "trino_regexp_split(s, p)": (
        "CASE WHEN regexp_matches('', p) THEN trino_regexp_pieces(s, p) ELSE regexp_split_to_array(s, p) END"
    ),
    "trino_no_group(p, g)": (
        "'INVALID_FUNCTION_ARGUMENT: Pattern has ' || trino_regexp_count_groups(p) || "
        "' groups. Cannot access group ' || g"
    ),
    # Java's names of groups.
    "trino_pattern(p)": r"regexp_replace(p, '\(\?<([A-Za-z])', '(?P<\1', 'g')",
    # An empty text is before each character and at the end.
    "trino_replace(s, part, r)": (
        "CASE WHEN part = '' THEN array_to_string([''] || string_split(s, '') || [''], r) ELSE replace(s, part, r) END"
    ),
    "trino_delimiter(d)": (
        "trino_check(d, d <> '', 'INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string' || left(d, 0))"
    ),
    "trino_length(n, padding)": (
        "CAST(trino_check(n, n BETWEEN 0 AND 2147483647 AND padding <> '', 'INVALID_FUNCTION_ARGUMENT: ' || "
        "CASE WHEN padding = '' THEN 'Padding string must not be empty' "
        "ELSE 'Target length must be in the range [0..2147483647]' END) AS INTEGER)"
    ),
    "trino_split(s, d, n)": (
        "CASE WHEN len(string_split(s, d)) <= n THEN string_split(s, d) "
        "ELSE string_split(s, d)[1:n - 1] || [array_to_string(string_split(s, d)[n:], d)] END"
    ),
    "trino_split_part(s, d, i)": (
        "trino_check(string_split(s, d)[i], i > 0, "
        "'INVALID_FUNCTION_ARGUMENT: Index must be greater than zero' || left(CAST(i AS VARCHAR), 0))"
    ),
    "trino_split_to_map(s, entries, pairs)": (
        "map_from_entries(list_transform(list_filter(string_split(s, entries), "
        "lambda e_, i_: e_ <> '' OR i_ < len(string_split(s, entries))), lambda e_: struct_pack("
        "k := trino_check(string_split(e_, pairs)[1], len(string_split(e_, pairs)) = 2, 'INVALID_FUNCTION_ARGUMENT: "
        "Key-value delimiter must appear exactly once in each entry. Bad input: ''' || e_ || ''''), "
        "v := string_split(e_, pairs)[2])))"
    ),
    "trino_substring(s, i)": "CASE WHEN i = 0 OR i < -length(s) THEN '' ELSE substr(s, i) END",
    "trino_substring_of(s, i, n)": "CASE WHEN i = 0 OR i < -length(s) OR n <= 0 THEN '' ELSE substr(s, i, n) END",
    # JSON
    "trino_json(x)": "CASE WHEN json_valid(x) THEN x END",
    "trino_json_copy(x)": "CASE WHEN regexp_matches(x, '[0-9][.eE]') THEN trino_json_rewrite(x) ELSE x END",
    "trino_json_at(x, p)": (
        "coalesce(json_extract(trino_json(x), trino_json_path(p)), "
        "json_extract(trino_json(x), trino_json_members_path(p)))"
    ),
    "trino_json_extract(x, p)": "trino_json_copy(CAST(trino_json_at(x, p) AS VARCHAR))",
    "trino_json_scalar(x, p)": (
        "CASE json_type(trino_json_at(x, p)) WHEN 'ARRAY' THEN NULL WHEN 'OBJECT' THEN NULL "
        "WHEN 'NULL' THEN NULL WHEN 'DOUBLE' THEN trino_json_number(x, p) "
        "ELSE json_extract_string(trino_json_at(x, p), '$') END"
    ),
    "trino_json_size(x, p)": (
        "CASE json_type(trino_json_at(x, p)) WHEN 'OBJECT' THEN len(json_keys(trino_json_at(x, p))) "
        "WHEN 'ARRAY' THEN CAST(json_array_length(trino_json_at(x, p)) AS BIGINT) "
        "ELSE CASE WHEN json_type(trino_json_at(x, p)) IS NOT NULL THEN 0 END END"
    ),
    "trino_json_double(x)": (
        "CASE WHEN isfinite(x) THEN trino_double_text(CAST(CAST(x AS VARCHAR) AS DOUBLE)) "
        "ELSE '\"' || trino_double_text(x) || '\"' END"
    ),
    "trino_json_text(x)": (
        "CASE WHEN json_type(x) = 'DOUBLE' AND regexp_matches(x, '[.eE]') THEN trino_scientific(CAST(x AS DOUBLE)) "
        "ELSE json_extract_string(x, '$') END"
    ),
    "trino_is_json_scalar(x)": (
        "trino_check(json_type(trino_json(x)) NOT IN ('ARRAY', 'OBJECT'), json_valid(x), "
        "'INVALID_FUNCTION_ARGUMENT: Invalid JSON value: ' || x)"
    ),
    # Times
    # Half up also before 1970, where DuckDB's division of integers rounds up.
    "trino_floor(n, unit)": "(n - ((n % unit + unit) % unit))",
    "trino_round_timestamp(t, unit)": "make_timestamp(trino_floor(epoch_us(t) + unit // 2, unit))",
    "trino_round_zoned(t, unit)": "timezone('UTC', trino_round_timestamp(timezone('UTC', t), unit))",
    "trino_timestamp_text(t, digits)": (
        "left(strftime(t, '%Y-%m-%d %H:%M:%S.%f'), 19 + CASE WHEN digits = 0 THEN 0 ELSE digits + 1 END)"
    ),
    "trino_from_unixtime(x)": "timezone('UTC', epoch_ms(CAST(round(x * 1000) AS BIGINT)))",
    "trino_parse_time(s, pattern)": (
        "trino_check(try_strptime(s, pattern), try_strptime(s, pattern) IS NOT NULL OR s IS NULL, "
        "'INVALID_FUNCTION_ARGUMENT: Invalid format: \"' || s || '\"')"
    ),
    # DuckDB takes an offset only directly after the time.
    "trino_parse_zoned(s)": (r"TRY_CAST(regexp_replace(trim(s), '\s*([+-]\d{2}(?::?\d{2})?)$', '\1') AS TIMESTAMPTZ)"),
    "trino_zone(s)": (
        r"regexp_extract(trim(s), '(?:\s|T\d+|:\d+(?:\.\d+)?)([A-Za-z][\w/+-]*|[+-]\d{2}(?::?\d{2})?)$', 1)"
    ),
    # A column has one zone on the laptop, so a moment that is parsed from text that is no literal has to be in UTC.
    "trino_in_utc(moment, s)": (
        "trino_check(moment, trino_zone(s) IN ('', 'Z', 'UTC', '+00:00', '-00:00', '+0000', '+00'), "
        "'NOT_SUPPORTED: a time zone in text other than a literal is supported on the laptop only with AT TIME ZONE: ' "
        "|| s)"
    ),
    "trino_in_any_zone(moment, s)": "moment",
    "trino_offset(minutes)": (
        "CASE WHEN minutes = 0 THEN 'Z' ELSE CASE WHEN minutes < 0 THEN '-' ELSE '+' END || "
        + _TEXT_OF_PARTS.format("abs(minutes) // 60", 2)
        + " || ':' || "
        + _TEXT_OF_PARTS.format("abs(minutes) % 60", 2)
        + " END"
    ),
    "trino_iso_text(t, shown)": (
        "strftime(shown, '%Y-%m-%dT%H:%M:%S.%g') || trino_offset(date_diff('minute', timezone('UTC', t), shown))"
    ),
    "trino_months(i)": "(date_part('year', i) * 12 + date_part('month', i))",
    "trino_months_text(i)": (
        "CASE WHEN trino_months(i) < 0 THEN '-' ELSE '' END || abs(trino_months(i)) // 12 || '-' || "
        "abs(trino_months(i)) % 12"
    ),
    "trino_interval_text(i)": (
        "CASE WHEN epoch_ms(i) < 0 THEN '-' ELSE '' END || abs(epoch_ms(i)) // 86400000 || ' ' || "
        + _TEXT_OF_PARTS.format("abs(epoch_ms(i)) // 3600000 % 24", 2)
        + " || ':' || "
        + _TEXT_OF_PARTS.format("abs(epoch_ms(i)) // 60000 % 60", 2)
        + " || ':' || "
        + _TEXT_OF_PARTS.format("abs(epoch_ms(i)) // 1000 % 60", 2)
        + " || '.' || "
        + _TEXT_OF_PARTS.format("abs(epoch_ms(i)) % 1000", 3)
    ),
    # Arrays and maps
    "trino_equal(a, b)": (
        "CASE WHEN len(a) <> len(b) THEN FALSE ELSE trino_all(list_transform(a, lambda e_, i_: e_ = b[i_])) END"
    ),
    "trino_maps_equal(a, b)": (
        "CASE WHEN list_sort(map_keys(a)) <> list_sort(map_keys(b)) THEN FALSE ELSE trino_all(list_transform("
        "map_entries(a), lambda e_: e_.value = map_extract_value(b, e_.key))) END"
    ),
    "trino_has_null(a)": "(len(list_filter(a, lambda e_: e_ IS NULL)) > 0)",
    "trino_holds(a, x)": "(coalesce(list_contains(a, x), FALSE) OR (x IS NULL AND trino_has_null(a)))",
    "trino_subscript(a, i)": (
        "CASE WHEN a IS NULL OR i IS NULL THEN NULL WHEN i BETWEEN 1 AND len(a) THEN list_extract(a, i) WHEN CAST("
        "'INVALID_FUNCTION_ARGUMENT: ' || CASE WHEN i = 0 THEN 'SQL array indices start at 1' "
        "WHEN i < 0 THEN 'Array subscript is negative: ' || i ELSE "
        "'Array subscript must be less than or equal to array length: ' || i || ' > ' || len(a) END "
        "|| left(CAST(len(a) AS VARCHAR), 0) AS INTEGER) IS NULL THEN NULL END"
    ),
    "trino_map_value(m, k)": (
        "CASE WHEN m IS NULL OR k IS NULL THEN NULL WHEN map_contains(m, k) THEN map_extract_value(m, k) WHEN CAST("
        "'INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || CAST(k AS VARCHAR) "
        "|| left(CAST(cardinality(m) AS VARCHAR), 0) AS INTEGER) IS NULL THEN NULL END"
    ),
    "trino_element_at(a, i)": (
        "trino_check(list_extract(a, i), i <> 0, "
        "'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1' || left(CAST(i AS VARCHAR), 0))"
    ),
    "trino_contains(a, x)": (
        "CASE WHEN a IS NULL OR x IS NULL THEN NULL WHEN list_contains(a, x) THEN TRUE "
        "WHEN trino_has_null(a) THEN NULL ELSE FALSE END"
    ),
    "trino_overlap(a, b)": (
        "CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN list_has_any(a, b) THEN TRUE "
        "WHEN trino_has_null(a) OR trino_has_null(b) THEN NULL ELSE FALSE END"
    ),
    "trino_distinct(a)": ("list_filter(a, lambda e_, i_: NOT trino_holds(a[1:i_ - 1], e_))"),
    "trino_all(a)": (
        "CASE WHEN a IS NULL THEN NULL WHEN list_contains(a, FALSE) THEN FALSE "
        "WHEN trino_has_null(a) THEN NULL ELSE TRUE END"
    ),
    "trino_any(a)": (
        "CASE WHEN a IS NULL THEN NULL WHEN list_contains(a, TRUE) THEN TRUE "
        "WHEN trino_has_null(a) THEN NULL ELSE FALSE END"
    ),
    "trino_join(a, d)": (
        "CASE WHEN a IS NOT NULL AND d IS NOT NULL THEN "
        "coalesce(array_to_string(list_filter(a, lambda e_: e_ IS NOT NULL), d), '') END"
    ),
    "trino_join_with(a, d, n)": "array_to_string(list_transform(a, lambda e_: coalesce(e_, n)), d)",
    "trino_position(a, x)": (
        "CASE WHEN a IS NULL OR x IS NULL THEN NULL ELSE coalesce(CAST(list_position(a, x) AS BIGINT), 0) END"
    ),
    "trino_sequence_fits(size, step)": (
        "CASE WHEN step = 0 OR size * step < 0 THEN "
        "'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is "
        "greater than zero otherwise stop should be less than or equal to start' || left(CAST(size AS VARCHAR), 0) "
        "WHEN size // step >= 10000 THEN 'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more "
        "than 10000 entries' || left(CAST(size AS VARCHAR), 0) ELSE '0' END"
    ),
    "trino_sequence(a, b, s)": (
        "CASE WHEN CAST(trino_sequence_fits(b - a, s) AS INTEGER) = 0 THEN generate_series(a, b, s) END"
    ),
    # Each month is counted from the start: 31 January is followed by 28 February and 31 March.
    "trino_months_between(a, b, s)": (
        "CASE WHEN CAST(trino_sequence_fits(date_sub('month', a, b), trino_months(s)) AS INTEGER) = 0 THEN "
        "list_transform(range(0, date_sub('month', a, b) // trino_months(s) + 1), "
        "lambda i_: a + to_months(CAST(i_ * trino_months(s) AS INTEGER))) END"
    ),
    "trino_times_between(a, b, s)": (
        "CASE WHEN CAST(trino_sequence_fits(date_sub('millisecond', a, b), epoch_ms(s)) AS INTEGER) = 0 THEN "
        "list_transform(range(0, date_sub('millisecond', a, b) // epoch_ms(s) + 1), "
        "lambda i_: a + to_milliseconds(i_ * epoch_ms(s))) END"
    ),
    "trino_whole_days(s)": (
        "trino_check(s, epoch_ms(s) % 86400000 = 0, 'INVALID_FUNCTION_ARGUMENT: sequence step must be a day interval "
        "if start and end values are dates' || left(CAST(s AS VARCHAR), 0))"
    ),
    "trino_slice(a, i, n)": (
        "CASE WHEN CAST(CASE WHEN n < 0 THEN 'INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0' "
        "WHEN i = 0 THEN 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1' ELSE '0' END "
        "|| left(CAST(n AS VARCHAR), 0) AS INTEGER) IS NULL OR a IS NULL THEN NULL "
        "WHEN i > 0 THEN a[i:i + n - 1] WHEN -i > len(a) THEN a[1:0] ELSE a[len(a) + i + 1:len(a) + i + n] END"
    ),
    "trino_trim_array(a, n)": (
        "trino_check(a[1:len(a) - n], n BETWEEN 0 AND len(a), CASE WHEN n < 0 "
        "THEN 'INVALID_FUNCTION_ARGUMENT: size must not be negative: ' || n "
        "ELSE 'INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality ' || len(a) || ': ' || n END)"
    ),
    "trino_count(n)": (
        "trino_check(n, n BETWEEN 0 AND 10000, 'INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be ' "
        "|| CASE WHEN n < 0 THEN 'greater than or equal to 0' ELSE 'less than or equal to 10000' END)"
    ),
    "trino_map(ks, vs)": "map(ks, vs)",
    "trino_first_map(ks, vs)": (
        "CASE WHEN len(list_filter(ks, lambda k_: k_ IS NOT NULL)) > 0 THEN "
        "map_from_entries(list_filter(list_transform(range(1, len(ks) + 1), "
        "lambda i_: struct_pack(k := list_extract(ks, i_), v := list_extract(vs, i_))), "
        "lambda e_, i_: e_.k IS NOT NULL AND list_position(ks, e_.k) = i_)) END"
    ),
    "trino_multimap(ks, vs)": (
        "CASE WHEN len(list_distinct(ks)) > 0 THEN "
        "map_from_entries(list_transform(list_distinct(ks), lambda k_: struct_pack(k := k_, "
        "v := list_transform(list_filter(range(1, len(ks) + 1), lambda i_: list_extract(ks, i_) = k_), "
        "lambda i_: list_extract(vs, i_))))) END"
    ),
}
