"""Arrays, maps and lambda expressions: https://trino.io/docs/current/functions/array.html, map.html, lambda.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.athena.dialect.functions.signatures import Signature, signatures

if TYPE_CHECKING:
    from deployment.emulator.athena.dialect.scopes import Value
    from deployment.emulator.athena.dialect.types import Type


def _concatenated_maps(arguments: list[Value], _result: Type) -> str:
    texts = [value.sql for value in arguments]
    missing = " OR ".join(f"{text} IS NULL" for text in texts)
    return f"CASE WHEN {missing} THEN NULL ELSE map_concat({', '.join(texts)}) END"


_PREDICATE = "array(T), function(T, boolean)"

TABLE: dict[str, list[Signature]] = {
    "all_match": signatures(f"{_PREDICATE} -> boolean", "trino_all(list_transform({0}, {1}))"),
    "any_match": signatures(f"{_PREDICATE} -> boolean", "trino_any(list_transform({0}, {1}))"),
    "none_match": signatures(f"{_PREDICATE} -> boolean", "(NOT trino_any(list_transform({0}, {1})))"),
    "array_distinct": signatures("array(T) -> array(T)", "trino_distinct({0})"),
    "array_except": signatures(
        "array(T), array(T) -> array(T)",
        "CASE WHEN {1} IS NOT NULL THEN trino_distinct(list_filter({0}, lambda e_: NOT trino_holds({1}, e_))) END",
    ),
    "array_intersect": signatures(
        "array(T), array(T) -> array(T)",
        "CASE WHEN {1} IS NOT NULL THEN trino_distinct(list_filter({0}, lambda e_: trino_holds({1}, e_))) END",
    ),
    "array_join": signatures("array(T), varchar -> varchar", "trino_join({text0}, {1})")
    + signatures("array(T), varchar, varchar -> varchar", "trino_join_with({text0}, {1}, {2})"),
    "array_max": signatures("array(T) -> T", "CASE WHEN NOT trino_has_null({0}) THEN list_max({0}) END"),
    "array_min": signatures("array(T) -> T", "CASE WHEN NOT trino_has_null({0}) THEN list_min({0}) END"),
    "array_position": signatures("array(T), T -> bigint", "trino_position({0}, {1})"),
    "array_remove": signatures(
        "array(T), T -> array(T)",
        "CASE WHEN {1} IS NOT NULL THEN list_filter({0}, lambda e_: e_ IS NULL OR e_ <> {1}) END",
    ),
    "array_sort": signatures("array(T) -> array(T)", "list_sort({0}, 'ASC', 'NULLS LAST')"),
    "array_union": signatures("array(T), array(T) -> array(T)", "trino_distinct({0} || {1})"),
    "arrays_overlap": signatures("array(T), array(T) -> boolean", "trino_overlap({0}, {1})"),
    "cardinality": signatures("array(T) -> bigint", "len({0})")
    + signatures("map(K, V) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    "contains": signatures("array(T), T -> boolean", "trino_contains({0}, {1})"),
    "element_at": signatures("array(T), bigint -> T", "trino_element_at({0}, {1})")
    + signatures("map(K, V), K -> V", "map_extract_value({0}, {1})"),
    "filter": signatures(f"{_PREDICATE} -> array(T)", "list_filter({0}, {1})"),
    "flatten": signatures("array(array(T)) -> array(T)", "flatten({0})"),
    "repeat": signatures("T, bigint -> array(T)", "list_transform(range(trino_count({1})), lambda e_: {0})"),
    "sequence": signatures(
        "bigint, bigint -> array(bigint)", "trino_sequence({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)"
    )
    + signatures("bigint, bigint, bigint -> array(bigint)", "trino_sequence({0}, {1}, {2})")
    + signatures(
        "date, date -> array(date)",
        "CAST(trino_times_between({0}, {1}, CASE WHEN {0} <= {1} THEN to_days(1) ELSE to_days(-1) END) AS DATE[])",
    )
    + signatures(
        "date, date, day_time -> array(date)", "CAST(trino_times_between({0}, {1}, trino_whole_days({2})) AS DATE[])"
    )
    + signatures("date, date, year_month -> array(date)", "CAST(trino_months_between({0}, {1}, {2}) AS DATE[])")
    + signatures("timestamp, timestamp, day_time -> array(timestamp)", "trino_times_between({0}, {1}, {2})")
    + signatures("timestamp, timestamp, year_month -> array(timestamp)", "trino_months_between({0}, {1}, {2})"),
    "slice": signatures("array(T), bigint, bigint -> array(T)", "trino_slice({0}, {1}, {2})"),
    "transform": signatures("array(T), function(T, U) -> array(U)", "list_transform({0}, {1})"),
    "trim_array": signatures("array(T), bigint -> array(T)", "trino_trim_array({0}, {1})"),
    "map": signatures("array(K), array(V) -> map(K, V)", "map({0}, {1})"),
    "map_concat": signatures("map(K, V), map(K, V)... -> map(K, V)", _concatenated_maps),
    "map_entries": signatures(
        "map(K, V) -> array(row(K, V))",
        "list_transform(map_entries({0}), lambda e_: struct_pack(field0 := e_.key, field1 := e_.value))",
    ),
    "map_filter": signatures(
        "map(K, V), function(K, V, boolean) -> map(K, V)", "map_from_entries(list_filter(map_entries({0}), {entry1}))"
    ),
    "map_from_entries": signatures("array(row(K, V)) -> map(K, V)", "{entries0}"),
    "map_keys": signatures("map(K, V) -> array(K)", "map_keys({0})"),
    "map_values": signatures("map(K, V) -> array(V)", "map_values({0})"),
    "transform_keys": signatures(
        "map(K, V), function(K, V, U) -> map(U, V)", "map_from_entries(list_transform(map_entries({0}), {key1}))"
    ),
    "transform_values": signatures(
        "map(K, V), function(K, V, U) -> map(K, U)", "map_from_entries(list_transform(map_entries({0}), {value1}))"
    ),
}
