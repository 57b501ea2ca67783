"""Text: https://trino.io/docs/current/functions/string.html, regexp.html, url.html."""

from __future__ import annotations

from deployment.emulator.athena.dialect.functions.signatures import Signature, signatures

TABLE: dict[str, list[Signature]] = {
    "chr": signatures("bigint -> varchar", "chr(CAST({0} AS INTEGER))"),
    "codepoint": signatures("varchar -> integer", "ord({0})"),
    "concat_ws": signatures("varchar, array(varchar) -> varchar", "trino_join({1}, {0})")
    + signatures("varchar, varchar... -> varchar", "CASE WHEN {0} IS NOT NULL THEN concat_ws({*}) END"),
    "from_utf8": signatures("varbinary -> varchar", "decode({0})"),
    "hamming_distance": signatures("varchar, varchar -> bigint", "hamming({0}, {1})"),
    "length": signatures("varchar -> bigint", "length({0})"),
    "levenshtein_distance": signatures("varchar, varchar -> bigint", "levenshtein({0}, {1})"),
    "lower": signatures("varchar -> varchar", "lower({0})"),
    "lpad": signatures("varchar, bigint, varchar -> varchar", "lpad({0}, trino_length({1}, {2}), {2})"),
    "ltrim": signatures("varchar -> varchar", "ltrim({0})")
    + signatures("varchar, varchar -> varchar", "ltrim({0}, {1})"),
    "regexp_count": signatures("varchar, varchar -> bigint", "len(regexp_extract_all({0}, trino_pattern({1})))"),
    "regexp_extract": signatures("varchar, varchar -> varchar", "trino_regexp_extract({0}, trino_pattern({1}))")
    + signatures(
        "varchar, varchar, bigint -> varchar",
        "trino_regexp_extract_group({0}, trino_pattern({1}), CAST({2} AS INTEGER))",
    ),
    "regexp_extract_all": signatures(
        "varchar, varchar -> array(varchar)", "regexp_extract_all({0}, trino_pattern({1}))"
    )
    + signatures(
        "varchar, varchar, bigint -> array(varchar)",
        "trino_regexp_extract_all({0}, trino_pattern({1}), CAST({2} AS INTEGER))",
    ),
    "regexp_like": signatures("varchar, varchar -> boolean", "regexp_matches({0}, trino_pattern({1}))"),
    "regexp_replace": signatures("varchar, varchar -> varchar", "regexp_replace({0}, trino_pattern({1}), '', 'g')")
    + signatures(
        "varchar, varchar, varchar -> varchar",
        "trino_regexp_replace({0}, trino_pattern({1}), {2})",
    ),
    "regexp_split": signatures("varchar, varchar -> array(varchar)", "trino_regexp_split({0}, trino_pattern({1}))"),
    "replace": signatures("varchar, varchar -> varchar", "replace({0}, {1}, '')")
    + signatures("varchar, varchar, varchar -> varchar", "trino_replace({0}, {1}, {2})"),
    "reverse": signatures("varchar -> varchar", "reverse({0})")
    + signatures("array(T) -> array(T)", "list_reverse({0})"),
    "rpad": signatures("varchar, bigint, varchar -> varchar", "rpad({0}, trino_length({1}, {2}), {2})"),
    "rtrim": signatures("varchar -> varchar", "rtrim({0})")
    + signatures("varchar, varchar -> varchar", "rtrim({0}, {1})"),
    "split": signatures("varchar, varchar -> array(varchar)", "string_split({0}, trino_delimiter({1}))")
    + signatures("varchar, varchar, bigint -> array(varchar)", "trino_split({0}, trino_delimiter({1}), {2})"),
    "split_part": signatures("varchar, varchar, bigint -> varchar", "trino_split_part({0}, {1}, {2})"),
    "split_to_map": signatures(
        "varchar, varchar, varchar -> map(varchar, varchar)", "trino_split_to_map({0}, {1}, {2})"
    ),
    "starts_with": signatures("varchar, varchar -> boolean", "starts_with({0}, {1})"),
    "strpos": signatures("varchar, varchar -> bigint", "strpos({0}, {1})")
    + signatures("varchar, varchar, bigint -> bigint", "trino_strpos({0}, {1}, {2})"),
    "substr": signatures("varchar, bigint -> varchar", "trino_substring({0}, {1})")
    + signatures("varchar, bigint, bigint -> varchar", "trino_substring_of({0}, {1}, {2})"),
    "to_utf8": signatures("varchar -> varbinary", "encode({0})"),
    "translate": signatures("varchar, varchar, varchar -> varchar", "translate({0}, {1}, {2})"),
    "trim": signatures("varchar -> varchar", "trim({0})") + signatures("varchar, varchar -> varchar", "trim({0}, {1})"),
    # Java has no capital letter for this one alone.
    "upper": signatures("varchar -> varchar", "replace(upper(replace({0}, 'ß', '\ue000')), '\ue000', 'ß')"),
    "url_decode": signatures("varchar -> varchar", "trino_url_decode({0})"),
    "url_encode": signatures("varchar -> varchar", "trino_url_encode({0})"),
    "url_extract_fragment": signatures("varchar -> varchar", "trino_url_part({0}, 'fragment')"),
    "url_extract_host": signatures("varchar -> varchar", "trino_url_part({0}, 'host')"),
    "url_extract_parameter": signatures("varchar, varchar -> varchar", "trino_url_parameter({0}, {1})"),
    "url_extract_path": signatures("varchar -> varchar", "trino_url_part({0}, 'path')"),
    "url_extract_port": signatures("varchar -> bigint", "CAST(trino_url_part({0}, 'port') AS BIGINT)"),
    "url_extract_protocol": signatures("varchar -> varchar", "trino_url_part({0}, 'protocol')"),
    "url_extract_query": signatures("varchar -> varchar", "trino_url_part({0}, 'query')"),
    # https://trino.io/docs/current/functions/json.html
    "is_json_scalar": signatures("varchar -> boolean; json -> boolean", "trino_is_json_scalar({0})"),
    "json_array_contains": signatures(
        "varchar, T -> boolean; json, T -> boolean",
        "CASE WHEN json_type(trino_json({0})) = 'ARRAY' "
        "THEN list_contains(CAST(trino_json({0}) AS JSON[]), to_json({1})) END",
    ),
    "json_array_length": signatures(
        "varchar -> bigint; json -> bigint",
        "CASE WHEN json_type(trino_json({0})) = 'ARRAY' THEN CAST(json_array_length(trino_json({0})) AS BIGINT) END",
    ),
    "json_extract": signatures("varchar, varchar -> json; json, varchar -> json", "trino_json_extract({0}, {1})"),
    "json_extract_scalar": signatures(
        "varchar, varchar -> varchar; json, varchar -> varchar", "trino_json_scalar({0}, {1})"
    ),
    "json_format": signatures("json -> varchar", "{0}"),
    "json_parse": signatures("varchar -> json", "trino_json_parse({0})"),
    "json_size": signatures("varchar, varchar -> bigint; json, varchar -> bigint", "trino_json_size({0}, {1})"),
}
TABLE["substring"] = TABLE["substr"]
