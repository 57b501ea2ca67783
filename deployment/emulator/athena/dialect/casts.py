"""CAST and implicit coercions, as Trino rounds, parses and prints values.

https://trino.io/docs/current/functions/conversion.html and the casts of each type at
https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from deployment.emulator.athena.dialect.scopes import Value
from deployment.emulator.athena.dialect.types import (
    DAY_TIME,
    DOUBLE,
    JSON,
    SEVERAL_ZONES,
    YEAR_MONTH,
    ZONED,
    Type,
    duckdb_name,
    offset_minutes,
    quoted,
)
from deployment.emulator.athena.errors import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

MOMENTS = ("date", "timestamp", ZONED)
SCALARS = ("boolean", "varchar", "char", "date", "timestamp", "time", "json")
# From a kind of type to the types that a value of it can be cast to; numbers are one kind.
_CASTS = {
    "number": ("number", "boolean", "varchar", "char", "json"),
    "boolean": ("number", "boolean", "varchar", "char", "json"),
    "text": ("number", "boolean", "varchar", "char", "date", "timestamp", ZONED, "time", "json", "varbinary"),
    "date": ("date", "timestamp", ZONED, "varchar", "char", "json"),
    "timestamp": ("date", "timestamp", ZONED, "time", "varchar", "char", "json"),
    ZONED: ("date", "timestamp", ZONED, "time", "varchar", "char"),
    "time": ("time", "varchar", "char"),
    "json": ("number", "boolean", "varchar", "array", "map", "row", "json"),
    DAY_TIME: (DAY_TIME, "varchar"),
    YEAR_MONTH: (YEAR_MONTH, "varchar"),
    "varbinary": ("varbinary",),
}
_SCALAR_TYPES = ("'VARCHAR'", "'BOOLEAN'", "'BIGINT', 'UBIGINT'", "'DOUBLE'")
_IS_PARSED = re.compile(r"trino_in_utc\(")
_INTEGER_NAMES = {"tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT"}


def can_cast(actual: Type, wanted: Type) -> bool:
    """Return whether Trino has a cast between two types."""
    if actual == wanted or actual.name == "unknown":
        return True
    if actual.name in {"array", "map", "row"}:
        if wanted.name == "json":
            return True
        if wanted.name != actual.name or len(actual.parts) != len(wanted.parts):
            return False
        return all(can_cast(mine, other) for mine, other in zip(actual.parts, wanted.parts, strict=True))
    allowed = _CASTS.get(_kind(actual), ())
    return (_kind(wanted) if wanted.is_numeric else wanted.name) in allowed


def local(value: Value) -> str:
    """Return the local time of a moment in its zone, as DuckDB's TIMESTAMP or DATE."""
    if value.type.name != ZONED:
        return value.sql
    if value.type.zone == SEVERAL_ZONES:
        raise QueryFailedError("NOT_SUPPORTED", "values in several time zones are not supported on the laptop")
    minutes = offset_minutes(value.type.zone)
    if minutes is None:
        return f"timezone('{value.type.zone}', {value.sql})"
    return f"(timezone('UTC', {value.sql}) + to_minutes({minutes}))"


def from_local(sql: str, zone: str) -> str:
    """Return the moment of a local time, DuckDB's TIMESTAMP, in a zone."""
    minutes = offset_minutes(zone)
    return f"timezone('{zone}', {sql})" if minutes is None else f"timezone('UTC', {sql} - to_minutes({minutes}))"


def instant(value: Value) -> str:
    """Return a moment's SQL for where it does not matter which zone the text had that it was parsed from."""
    return value.sql.replace("trino_in_utc(", "trino_in_any_zone(", 1) if _IS_PARSED.match(value.sql) else value.sql


def coerce(value: Value, wanted: Type) -> str:
    """Return a value's SQL as a type that it is coerced to."""
    return cast(value, wanted, is_safe=False)


def cast(value: Value, wanted: Type, *, is_safe: bool) -> str:
    """Return the SQL that casts a value, between types that `can_cast` allows.

    Parameters
    ----------
    is_safe
        Whether a value that cannot be cast becomes null (TRY_CAST) in place of an error.
    """
    actual, sql = value.type, value.sql
    if duckdb_name(actual) == duckdb_name(wanted) and _holds_every_value(actual, wanted):
        return sql
    if actual.name == "unknown":
        return f"CAST({sql} AS {duckdb_name(wanted)})"
    if wanted.name == "json":
        return _to_json(value)
    if actual.parts:
        return _cast_parts(value, wanted, is_safe=is_safe)
    return _CONVERSIONS[_kind(actual)](value, wanted, is_safe)


def checked(value: str, condition: str, message: str, *, is_safe: bool = False) -> str:
    """Return SQL that raises an error unless a condition holds, or that is null if it is safe.

    Parameters
    ----------
    message
        DuckDB's SQL of the error's name and message.
    """
    if is_safe:
        return f"CASE WHEN {condition} THEN {value} END"
    return f"trino_check({value}, {condition}, {message})"


def _kind(kind: Type) -> str:
    if kind.is_numeric:
        return "number"
    return "text" if kind.is_text else kind.name


def _holds_every_value(actual: Type, wanted: Type) -> bool:
    """Return whether a value of the one type is a value of the other, where DuckDB has one type for both."""
    if actual.parts:
        return actual == wanted or all(
            duckdb_name(mine) == duckdb_name(other) and _holds_every_value(mine, other)
            for mine, other in zip(actual.parts, wanted.parts, strict=True)
        )
    if wanted.name in {"varchar", "char"}:
        if actual.name == "varchar" == wanted.name:
            return not wanted.parameters or (bool(actual.parameters) and actual.parameters <= wanted.parameters)
        return actual == wanted or (actual.name == "char" and wanted.name == "varchar" and not wanted.parameters)
    if wanted.name in {"timestamp", ZONED}:
        return actual.parameters <= wanted.parameters or wanted.parameters[0] >= 6
    return actual.name == wanted.name


def _raw(sql: str, wanted: Type, is_safe: bool) -> str:
    return f"{'TRY_CAST' if is_safe else 'CAST'}({sql} AS {duckdb_name(wanted)})"


def _from_number(value: Value, wanted: Type, is_safe: bool) -> str:
    actual, sql = value.type, value.sql
    if wanted.is_text:
        # The digits of a real are those that it is printed with.
        double = f"CAST(CAST({sql} AS VARCHAR) AS DOUBLE)" if actual.name == "real" else sql
        text = f"trino_scientific({double})" if actual.is_floating else f"CAST({sql} AS VARCHAR)"
        return _fit(text, wanted, is_safe=is_safe)
    if wanted.name == "boolean":
        return f"({sql} <> 0)"
    if wanted.is_integer and actual.is_floating:
        # Half away from zero, where DuckDB rounds half to even.
        name = wanted.name
        bounds = f"round({sql}) BETWEEN {-(2 ** (_BITS[name] - 1))} AND {2 ** (_BITS[name] - 1) - 1}"
        shown = f"trino_double_text({sql})"
        message = f"'INVALID_CAST_ARGUMENT: Unable to cast ' || {shown} || ' to {name}'"
        if name in {"smallint", "tinyint"}:
            message = f"'NUMERIC_VALUE_OUT_OF_RANGE: Out of range for {name}: ' || {shown}"
        return checked(f"TRY_CAST(round({sql}) AS {duckdb_name(wanted)})", bounds, message, is_safe=is_safe)
    if wanted.is_integer:
        shown = f"CAST({sql} AS VARCHAR)"
        message = f"'NUMERIC_VALUE_OUT_OF_RANGE: Out of range for {wanted.name}: ' || {shown}"
        if actual.name == "decimal":
            message = f"'INVALID_CAST_ARGUMENT: Cannot cast ''' || {shown} || ''' to {wanted.name.upper()}'"
        safe = f"TRY_CAST({sql} AS {duckdb_name(wanted)})"
        return safe if is_safe else checked(safe, f"{safe} IS NOT NULL OR {sql} IS NULL", message)
    if wanted.name == "decimal":
        # Trino rounds the digits that the number is printed with.
        scaled = f"CAST({sql} AS VARCHAR)" if actual.is_floating else sql
        safe = f"TRY_CAST({scaled} AS {duckdb_name(wanted)})"
        kind = str(actual).upper()
        shown = f"trino_double_text({sql})" if actual.is_floating else f"CAST({sql} AS VARCHAR)"
        shown = f"'''' || {shown} || ''''" if not actual.is_integer else shown
        message = f"'INVALID_CAST_ARGUMENT: Cannot cast {kind} ' || {shown} || ' to {str(wanted).upper()}'"
        return safe if is_safe else checked(safe, f"{safe} IS NOT NULL OR {sql} IS NULL", message)
    return _raw(sql, wanted, is_safe)


def _from_boolean(value: Value, wanted: Type, is_safe: bool) -> str:
    if wanted.is_text:
        return _fit(f"CAST({value.sql} AS VARCHAR)", wanted, is_safe=is_safe)
    return _raw(value.sql, wanted, is_safe)


_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
# From text: the pattern of valid text, and the message for any other, around the text.
_DATE = r"\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}\s*"
_TIME_OF_DAY = r"([01]?\d|2[0-3]):\d{1,2}(:\d{1,2}(\.\d+)?)?"
_FROM_TEXT = {
    **{name: (r"[+-]?\d+", f"Cannot cast ''' || {{0}} || ''' to {shown}") for name, shown in _INTEGER_NAMES.items()},
    "double": (rf"\s*({_NUMBER}|NaN|[+-]?Infinity)\s*", "Cannot cast ''' || {0} || ''' to DOUBLE"),
    "real": (rf"\s*({_NUMBER}|NaN|[+-]?Infinity)\s*", "Cannot cast ''' || {0} || ''' to REAL"),
    "boolean": ("(?i)(true|false|t|f|1|0)", "Cannot cast ''' || {0} || ''' to BOOLEAN"),
    "decimal": (_NUMBER, "Cannot cast VARCHAR ''' || {0} || ''' to {1}"),
    "date": (_DATE, "Value cannot be cast to date: ' || {0} || '"),
    "timestamp": (rf"{_DATE}(\s{_TIME_OF_DAY})?", "Value cannot be cast to timestamp: ' || {0} || '"),
    ZONED: (
        rf"{_DATE}(\s{_TIME_OF_DAY})?(\s*([A-Za-z][A-Za-z0-9/_+-]*|[+-]\d{{2}}(:?\d{{2}})?))?",
        "Value cannot be cast to timestamp with time zone: ' || {0} || '",
    ),
    "time": (_TIME_OF_DAY, "Value cannot be cast to time: ' || {0} || '"),
}


def _from_text(value: Value, wanted: Type, is_safe: bool) -> str:
    sql = value.sql
    if wanted.is_text:
        return _cut(sql, wanted)
    if wanted.name == "varbinary":
        return f"encode({sql})"
    pattern, message = _FROM_TEXT[wanted.name]
    shown = f"'INVALID_CAST_ARGUMENT: {message.format(sql, str(wanted).upper())}'"
    parsed = f"TRY_CAST(trim({sql}) AS {duckdb_name(wanted)})"
    if wanted.name == ZONED:
        parsed = f"trino_parse_zoned({sql})"
    if wanted.name in {"timestamp", ZONED}:
        parsed = to_precision(parsed, wanted)
    valid = f"(regexp_full_match({sql}, '{pattern}') AND {parsed} IS NOT NULL)"
    return checked(parsed, valid, shown, is_safe=is_safe)


def _from_moment(value: Value, wanted: Type, is_safe: bool) -> str:
    actual = value.type
    if wanted.is_text:
        text = f"CAST({value.sql} AS VARCHAR)"
        if actual.name != "date":
            text = f"trino_timestamp_text({local(value)}, {actual.parameters[0]})"
        if actual.name == ZONED:
            text = f"({text} || ' {actual.zone}')"
        return _fit(text, wanted, is_safe=is_safe)
    if wanted.name == ZONED:
        return value.sql if actual.name == ZONED else f"timezone('UTC', CAST({value.sql} AS TIMESTAMP))"
    if wanted.name == "timestamp":
        return to_precision(f"CAST({local(value)} AS TIMESTAMP)", wanted)
    moment = local(value)
    if wanted.name == "time":
        moment = to_precision(f"CAST({moment} AS TIMESTAMP)", Type("timestamp", wanted.parameters))
    return f"CAST({moment} AS {duckdb_name(wanted)})"


def _from_json(value: Value, wanted: Type, is_safe: bool) -> str:
    if wanted.parts:
        parts = _CONTAINERS[wanted.name](value.sql, wanted, is_safe)
        return f"TRY({parts})" if is_safe else parts
    sql = value.sql
    is_scalar = f"(json_type({sql}) NOT IN ('ARRAY', 'OBJECT'))"
    if wanted.is_text:
        return _cut(checked(f"trino_json_text({sql})", is_scalar, _not_castable(sql, wanted), is_safe=is_safe), wanted)
    text, truth, whole, double = (_of_types(sql, types) for types in _SCALAR_TYPES)
    if wanted.name == "decimal":
        # A decimal has the digits that the number is written with.
        numbers = [Value(whole, Type("varchar")), Value(double, Type("varchar"))]
    else:
        numbers = [
            Value(f"TRY_CAST({whole} AS DECIMAL(38, 0))", Type("decimal", (38, 0))),
            Value(f"TRY_CAST({double} AS DOUBLE)", DOUBLE),
        ]
    texts = [Value(f"json_extract_string({text}, '$')", Type("varchar")), Value(f"({truth} = 'true')", Type("boolean"))]
    branches = (cast(entry, wanted, is_safe=is_safe) for entry in (*texts, *numbers))
    return checked(f"coalesce({', '.join(branches)})", is_scalar, _not_castable(sql, wanted), is_safe=is_safe)


def _of_types(sql: str, types: str) -> str:
    """Return JSON of the types of DuckDB that are listed, null for other JSON: DuckDB may evaluate what it is for."""
    return f"CASE WHEN json_type({sql}) IN ({types}) THEN {sql} END"


def _not_castable(sql: str, wanted: Type) -> str:
    return f"'INVALID_CAST_ARGUMENT: Cannot cast ''' || {sql} || ''' to {wanted}'"


def _json_container(sql: str, name: str, kind: str, wanted: Type, is_safe: bool) -> str:
    """Return JSON of a type, null for other JSON, as a type of DuckDB with JSON in it."""
    found = f"CASE WHEN json_type({sql}) = '{name}' THEN CAST({sql} AS JSON) END"
    allowed = f"json_type({sql}) IN ('{name}', 'NULL')"
    return f"CAST({checked(found, allowed, _not_castable(sql, wanted), is_safe=is_safe)} AS {kind})"


def _json_to_array(sql: str, wanted: Type, is_safe: bool) -> str:
    # An element that is null is a null of SQL, but in an array of JSON.
    text = "coalesce(CAST(e_ AS VARCHAR), 'null')" if wanted.parts[0] == JSON else "CAST(e_ AS VARCHAR)"
    elements = _json_container(sql, "ARRAY", "JSON[]", wanted, is_safe)
    return f"list_transform({elements}, lambda e_: {coerce(Value(text, JSON), wanted.parts[0])})"


def _json_to_map(sql: str, wanted: Type, is_safe: bool) -> str:
    key = coerce(Value("e_.key", Type("varchar")), wanted.parts[0])
    item = coerce(Value("CAST(e_.value AS VARCHAR)", JSON), wanted.parts[1])
    entries = f"map_entries({_json_container(sql, 'OBJECT', 'MAP(VARCHAR, JSON)', wanted, is_safe)})"
    return f"map_from_entries(list_transform({entries}, lambda e_: struct_pack(k := {key}, v := {item})))"


def _json_to_row(sql: str, wanted: Type, is_safe: bool) -> str:
    """Cast an array by position or an object by the names of its members, in any case."""
    array, entries = (f"CAST(CASE WHEN json_type({sql}) = '{name}' THEN CAST({sql} AS JSON) END AS {kind})"
                      for name, kind in (("ARRAY", "JSON[]"), ("OBJECT", "MAP(VARCHAR, JSON)")))  # fmt: skip
    members = []
    for at, (name, shown, part) in enumerate(zip(wanted.fields, wanted.member_names, wanted.parts, strict=True), 1):
        named = f"list_filter(map_entries({entries}), lambda m_: lower(m_.key) = '{str(name).lower()}')"
        text = f"CAST(coalesce(list_extract({array}, {at}), list_extract({named}, 1).value) AS VARCHAR)"
        members.append(f"{quoted(shown)} := {coerce(Value(text, JSON), part)}")
    packed = f"CASE WHEN json_type({sql}) <> 'NULL' THEN struct_pack({', '.join(members)}) END"
    fits = f"json_type({sql}) IN ('OBJECT', 'NULL') OR coalesce(json_array_length({sql}), 0) = {len(members)}"
    return checked(packed, fits, _not_castable(sql, wanted), is_safe=is_safe)


_CONTAINERS: dict[str, Callable[[str, Type, bool], str]] = {
    "array": _json_to_array,
    "map": _json_to_map,
    "row": _json_to_row,
}


def _from_interval(value: Value, wanted: Type, _is_safe: bool) -> str:
    if wanted.name in {DAY_TIME, YEAR_MONTH}:
        return value.sql
    return f"{'trino_months_text' if value.type.name == YEAR_MONTH else 'trino_interval_text'}({value.sql})"


def _from_time(value: Value, wanted: Type, _is_safe: bool) -> str:
    return f"CAST({value.sql} AS {duckdb_name(wanted)})"


def _from_binary(value: Value, _wanted: Type, _is_safe: bool) -> str:
    return value.sql


_CONVERSIONS: dict[str, Callable[[Value, Type, bool], str]] = {
    "number": _from_number,
    "boolean": _from_boolean,
    "text": _from_text,
    "date": _from_moment,
    "timestamp": _from_moment,
    ZONED: _from_moment,
    "time": _from_time,
    "json": _from_json,
    "varbinary": _from_binary,
    DAY_TIME: _from_interval,
    YEAR_MONTH: _from_interval,
}


def _cut(sql: str, wanted: Type) -> str:
    """Cut text to a type's length, and pad it where the type is char."""
    if not wanted.parameters:
        return sql
    length = wanted.parameters[0]
    return f"rpad({sql}, {length}, ' ')" if wanted.name == "char" else f"left({sql}, {length})"


def _fit(text: str, wanted: Type, *, is_safe: bool) -> str:
    """Raise an error if the text of a value other than text is longer than its type."""
    if not wanted.parameters:
        return text
    length = wanted.parameters[0]
    message = f"'INVALID_CAST_ARGUMENT: Value ' || {text} || ' cannot be represented as {wanted}'"
    return checked(_cut(text, wanted), f"length({text}) <= {length}", message, is_safe=is_safe)


def to_precision(sql: str, wanted: Type) -> str:
    """Round a timestamp to a precision, half up as Trino does."""
    digits = wanted.parameters[0]
    if digits >= 6:
        return sql
    unit = 10 ** (6 - digits)
    if wanted.name == ZONED:
        return f"trino_round_zoned({sql}, {unit})"
    return f"trino_round_timestamp({sql}, {unit})"


def _to_json(value: Value) -> str:
    """Return the JSON of a value; of a map and of a row as an object, the keys of a map in order."""
    sql, kind = value.sql, value.type
    if kind.parts:
        text = {"array": _array_to_json, "map": _map_to_json, "row": _row_to_json}[kind.name](sql, kind)
        return f"CASE WHEN {sql} IS NOT NULL THEN {text} END"
    if kind.is_floating:
        return f"trino_json_double({sql})"
    if kind.is_numeric or kind.name == "boolean":
        return f"CAST({sql} AS VARCHAR)"
    if kind.name in {"timestamp", "date"}:
        return f"CAST(to_json({cast(value, Type('varchar'), is_safe=False)}) AS VARCHAR)"
    return sql if kind == JSON else f"CAST(to_json({sql}) AS VARCHAR)"


def _array_to_json(sql: str, kind: Type) -> str:
    listed = f"list_transform({sql}, lambda e_: {_nested_json('e_', kind.parts[0])})"
    return f"'[' || coalesce(array_to_string({listed}, ','), '') || ']'"


def _map_to_json(sql: str, kind: Type) -> str:
    key = "trino_double_text(e_.key)" if kind.parts[0].is_floating else "CAST(e_.key AS VARCHAR)"
    pair = f"struct_pack(k := {key}, v := {_nested_json('e_.value', kind.parts[1])})"
    pairs = f"list_sort(list_transform(map_entries({sql}), lambda e_: {pair}))"
    listed = f"list_transform({pairs}, lambda e_: CAST(to_json(e_.k) AS VARCHAR) || ':' || e_.v)"
    return f"'{{' || coalesce(array_to_string({listed}, ','), '') || '}}'"


def _row_to_json(sql: str, kind: Type) -> str:
    named = zip(kind.fields, kind.member_names, kind.parts, strict=True)
    listed = " || ',' || ".join(
        f"""'{json.dumps(shown or "", ensure_ascii=False)}:' || {_nested_json(member(sql, name), part)}"""
        for shown, name, part in named
    )
    return f"'{{' || {listed} || '}}'"


def _nested_json(sql: str, kind: Type) -> str:
    return f"coalesce({_to_json(Value(sql, kind))}, 'null')"


def _cast_parts(value: Value, wanted: Type, *, is_safe: bool) -> str:
    sql, actual = value.sql, value.type
    if actual.name == "row":
        return _cast_row(value, wanted, is_safe=is_safe)
    if actual.name == "array":
        element = cast(Value("e_", actual.parts[0]), wanted.parts[0], is_safe=is_safe)
        return _if_all(sql, f"list_transform({sql}, lambda e_: {element})", [("e_", element)], is_safe=is_safe)
    key = cast(Value("e_.key", actual.parts[0]), wanted.parts[0], is_safe=is_safe)
    item = cast(Value("e_.value", actual.parts[1]), wanted.parts[1], is_safe=is_safe)
    entries = f"map_entries({sql})"
    made = f"map_from_entries(list_transform({entries}, lambda e_: struct_pack(k := {key}, v := {item})))"
    return _if_all(entries, made, [("e_.key", key), ("e_.value", item)], is_safe=is_safe)


def _if_all(entries: str, made: str, pairs: list[tuple[str, str]], *, is_safe: bool) -> str:
    """Return what is made of entries; if it is safe, null where a part of one that is not null cannot be cast."""
    if not is_safe:
        return made
    is_failing = " OR ".join(f"({old} IS NOT NULL AND {new} IS NULL)" for old, new in pairs)
    return f"CASE WHEN len(list_filter({entries}, lambda e_: {is_failing})) = 0 THEN {made} END"


def _cast_row(value: Value, wanted: Type, *, is_safe: bool) -> str:
    names = zip(value.type.member_names, wanted.member_names, value.type.parts, wanted.parts, strict=True)
    members = [
        (name, member(value.sql, old), cast(Value(member(value.sql, old), mine), other, is_safe=is_safe))
        for old, name, mine, other in names
    ]
    made = f"struct_pack({', '.join(f'{quoted(name)} := {new}' for name, _, new in members)})"
    is_failing = " OR ".join(f"({old} IS NOT NULL AND {new} IS NULL)" for _, old, new in members)
    return f"CASE WHEN {value.sql} IS NOT NULL{f' AND NOT ({is_failing})' if is_safe else ''} THEN {made} END"


def member(sql: str, name: str) -> str:
    """Return the SQL of a row's field."""
    return f"struct_extract({sql}, '{name}')"


def as_double(value: Value) -> str:
    """Return a number's SQL as a double."""
    return coerce(value, DOUBLE)
