"""Functions whose result or text depends on more than the types of their arguments.

https://trino.io/docs/current/functions/conditional.html, datetime.html, lambda.html, conversion.html
"""

from __future__ import annotations

import re

from sqlglot import exp

from deployment.emulator.athena.dialect.calls import FORMS, apply, function_body
from deployment.emulator.athena.dialect.casts import can_cast, cast, coerce, from_local, local, to_precision
from deployment.emulator.athena.dialect.functions import formats
from deployment.emulator.athena.dialect.functions.signatures import signatures
from deployment.emulator.athena.dialect.operators import (
    at_zone,
    boolean,
    calculate,
    concatenate,
    single_type,
    zone_name,
)
from deployment.emulator.athena.dialect.runtime.java_format import CLASSES
from deployment.emulator.athena.dialect.scopes import Scope, Value, refusal, value_of
from deployment.emulator.athena.dialect.types import (
    BIGINT,
    DATE,
    INTEGER,
    TIMESTAMP,
    TIMESTAMP_ZONED,
    UNKNOWN,
    VARCHAR,
    ZONED,
    Type,
    array,
    common_type,
    duckdb_name,
    map_of,
    row_of,
    zone_of,
)
from deployment.emulator.athena.errors import QueryFailedError

# The forms of functions on moments, as Trino's errors list them.
EXPECTED = {
    "date_add": "date_add(varchar(x), bigint, date), date_add(varchar(x), bigint, timestamp(p))",
    "date_diff": "date_diff(varchar(x), date, date), date_diff(varchar(x), timestamp(p), timestamp(p))",
    "date_format": "date_format(timestamp(p), varchar(x)), date_format(timestamp(p) with time zone, varchar(x))",
    "date_parse": "date_parse(varchar(x), varchar(y))",
    "date_trunc": "date_trunc(varchar(x), date), date_trunc(varchar(x), timestamp(p))",
    "format_datetime": "format_datetime(timestamp(p), varchar(x))",
    "parse_datetime": "parse_datetime(varchar(x), varchar(y))",
    "with_timezone": "with_timezone(timestamp(p), varchar(x))",
}
UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
TIME_UNITS = UNITS[:4]
MOMENTS = {"date", "timestamp", ZONED}


def _if(node: exp.Anonymous, scope: Scope) -> Value:
    condition, *branches = node.expressions
    values = [value_of(branch, scope) for branch in branches]
    kind = values[0].type if len(values) == 1 else common_type(values[0].type, values[1].type)
    if kind is None:
        message = f"Result types for IF must be the same: {values[0].type} vs {values[1].type}"
        raise refusal("TYPE_MISMATCH", message, node, scope)
    chosen = f"CASE WHEN {boolean(condition, 'IF condition', scope)} THEN {coerce(values[0], kind)}"
    otherwise = f" ELSE {coerce(values[1], kind)}" if len(values) > 1 else ""
    return Value(f"{chosen}{otherwise} END", kind)


def _coalesce(node: exp.Anonymous, scope: Scope) -> Value:
    values = [value_of(argument, scope) for argument in node.expressions]
    kind = single_type(values, "All COALESCE operands", node.expressions, scope)
    return Value(f"coalesce({', '.join(coerce(value, kind) for value in values)})", kind)


def _nullif(node: exp.Anonymous, scope: Scope) -> Value:
    first, second = (value_of(argument, scope) for argument in node.expressions)
    kind = common_type(first.type, second.type)
    if kind is None:
        message = f"Types are not comparable with NULLIF: {first.type} vs {second.type}"
        raise refusal("TYPE_MISMATCH", message, node, scope)
    equal = f"{coerce(first, kind)} = {coerce(second, kind)}"
    return Value(f"CASE WHEN coalesce({equal}, FALSE) THEN NULL ELSE {first.sql} END", first.type)


def _try(node: exp.Anonymous, scope: Scope) -> Value:
    value = value_of(node.expressions[0], scope)
    if not list(node.find_all(exp.Column, exp.Query)) and scope.context.tables.is_failing(value.sql):
        # DuckDB folds constants before TRY can catch their error.
        return Value(f"CAST(NULL AS {duckdb_name(value.type)})", value.type)
    return Value(f"TRY({value.sql})", value.type)


def _typeof(node: exp.Anonymous, scope: Scope) -> Value:
    text = str(value_of(node.expressions[0], scope).type).replace("'", "''")
    return Value(f"'{text}'", VARCHAR)


def _extreme(node: exp.Anonymous, scope: Scope) -> Value:
    name = node.name.lower()
    values = [value_of(argument, scope) for argument in node.expressions]
    kind: Type | None = UNKNOWN
    for value in values:
        kind = common_type(kind, value.type) if kind else None
    if kind is None or not kind.is_orderable:
        given = ", ".join(str(value.type) for value in values)
        message = f"Unexpected parameters ({given}) for function {name}. Expected: {name}(E) E:orderable"
        raise refusal("FUNCTION_NOT_FOUND", message, node, scope)
    texts = [coerce(value, kind) for value in values]
    missing = " OR ".join(f"{text} IS NULL" for text in texts)
    return Value(f"CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(texts)}) END", kind)


def _concat(node: exp.Anonymous, scope: Scope) -> Value:
    values = [value_of(argument, scope) for argument in node.expressions]
    given = ", ".join(str(value.type) for value in values)
    message = (
        f"Unexpected parameters ({given}) for function concat. Expected: concat(E, array(E)) E, concat(array(E)) E, "
    )
    try:
        return concatenate(values, node, scope, "{0}")
    except QueryFailedError as error:
        expected = "concat(array(E), E) E, concat(char(x), char(y)), concat(varbinary), concat(varchar)"
        raise refusal("FUNCTION_NOT_FOUND", message + expected, node, scope) from error


def _mod(node: exp.Anonymous, scope: Scope) -> Value:
    left, right = (value_of(argument, scope) for argument in node.expressions)
    return calculate("%", left, right, node, scope)


def _row(node: exp.Anonymous, scope: Scope) -> Value:
    values = [value_of(argument, scope) for argument in node.expressions]
    kind = row_of([value.type for value in values])
    members = ", ".join(f"{name} := {value.sql}" for name, value in zip(kind.member_names, values, strict=True))
    return Value(f"struct_pack({members})", kind)


def _map(node: exp.Anonymous, scope: Scope) -> Value:
    if not node.expressions:
        return Value("map(CAST([] AS INTEGER[]), CAST([] AS INTEGER[]))", map_of(UNKNOWN, UNKNOWN))
    form = signatures("array(K), array(V) -> map(K, V)", "trino_map({0}, {1})")
    return apply("map", form, list(node.expressions), node, scope)


def _unit(node: exp.Expression, scope: Scope, kind: Type) -> str:
    """Return the unit that a literal names, in the singular."""
    if not isinstance(node, exp.Literal):
        raise refusal("NOT_SUPPORTED", "a unit that is not a literal is not supported on the laptop", node, scope)
    unit = str(node.name).lower()
    if unit not in UNITS or (kind == DATE and unit in TIME_UNITS):
        field = "DATE" if kind == DATE else "TIMESTAMP"
        raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", f"'{node.name}' is not a valid {field} field")
    return unit


def _moment(argument: exp.Expression, node: exp.Anonymous, scope: Scope) -> Value:
    """Compile an argument that has to be a date or a timestamp."""
    value = value_of(argument, scope)
    if value.type == UNKNOWN:
        return Value(coerce(value, TIMESTAMP), TIMESTAMP)
    if value.type.name not in MOMENTS:
        raise _unexpected(node, scope)
    return value


def _unexpected(node: exp.Anonymous, scope: Scope) -> QueryFailedError:
    """Return the error of a function that does not take the types of its arguments."""
    name = node.name.lower()
    given = ", ".join(str(value_of(argument, scope).type) for argument in node.expressions)
    message = f"Unexpected parameters ({given}) for function {name}. Expected: {EXPECTED[name]}"
    return refusal("FUNCTION_NOT_FOUND", message, node, scope)


def _unzoned(text: str, kind: Type) -> str:
    """Return a local time as a moment in its type's zone."""
    return from_local(text, kind.zone) if kind.name == ZONED else text


def _date_trunc(node: exp.Anonymous, scope: Scope) -> Value:
    value = _moment(node.expressions[1], node, scope)
    unit = _unit(node.expressions[0], scope, value.type)
    cut = f"CAST(date_trunc('{unit}', {local(value)}) AS {'DATE' if value.type == DATE else 'TIMESTAMP'})"
    return Value(_unzoned(cut, value.type), value.type)


def _date_add(node: exp.Anonymous, scope: Scope) -> Value:
    unit_node, count_node, moment_node = node.expressions
    value = _moment(moment_node, node, scope)
    unit = _unit(unit_node, scope, value.type)
    count = value_of(count_node, scope)
    if not count.type.is_integer:
        raise _unexpected(node, scope)
    number = {"week": "7 * ", "quarter": "3 * "}.get(unit, "")
    step = {"week": "to_days", "quarter": "to_months"}.get(unit, f"to_{unit}s")
    if unit in TIME_UNITS:
        moved = f"({value.sql} + {step}(CAST({count.sql} AS BIGINT)))"
        return Value(to_precision(moved, value.type) if unit == "millisecond" else moved, value.type)
    moved = f"({local(value)} + {step}(CAST({number}{count.sql} AS INTEGER)))"
    moved = f"CAST({moved} AS {'DATE' if value.type == DATE else 'TIMESTAMP'})"
    return Value(_unzoned(moved, value.type), value.type)


def _date_diff(node: exp.Anonymous, scope: Scope) -> Value:
    first, second = (_moment(argument, node, scope) for argument in node.expressions[1:])
    kind = common_type(first.type, second.type) or TIMESTAMP
    kind = Type(kind.name, kind.parameters, zone=first.type.zone)
    unit = _unit(node.expressions[0], scope, kind)
    values = [Value(coerce(value, kind), kind) for value in (first, second)]
    if kind.name == ZONED and unit in TIME_UNITS:
        # Hours pass at the same rate on a day when the clocks change.
        one, two = (f"timezone('UTC', {value.sql})" for value in values)
    else:
        one, two = map(local, values)
    return Value(f"date_sub('{unit}', {one}, {two})", BIGINT)


def _pattern(node: exp.Expression, scope: Scope, *, is_joda: bool) -> str:
    if not isinstance(node, exp.Literal):
        raise refusal("NOT_SUPPORTED", "a pattern that is not a literal is not supported on the laptop", node, scope)
    try:
        pattern = formats.joda(node.name) if is_joda else formats.mysql(node.name)
    except formats.UnsupportedPatternError as error:
        raise QueryFailedError("NOT_SUPPORTED" if is_joda else "INVALID_FUNCTION_ARGUMENT", str(error)) from error
    return "'" + pattern.replace("'", "''") + "'"


def _date_format(node: exp.Anonymous, scope: Scope) -> Value:
    name = node.name.lower()
    value = _moment(node.expressions[0], node, scope)
    pattern = _pattern(node.expressions[1], scope, is_joda=name == "format_datetime")
    return Value(f"strftime({local(value)}, {pattern})", VARCHAR)


def _date_parse(node: exp.Anonymous, scope: Scope) -> Value:
    name = node.name.lower()
    text = value_of(node.expressions[0], scope)
    if not text.type.is_text and text.type != UNKNOWN:
        raise _unexpected(node, scope)
    pattern = _pattern(node.expressions[1], scope, is_joda=name == "parse_datetime")
    parsed = f"trino_parse_time({coerce(text, VARCHAR)}, {pattern})"
    if name == "parse_datetime":
        return Value(f"timezone('UTC', {parsed})", TIMESTAMP_ZONED)
    return Value(parsed, TIMESTAMP)


def _at_timezone(node: exp.Anonymous, scope: Scope) -> Value:
    return at_zone(value_of(node.expressions[0], scope), node.expressions[1], node, scope)


def _with_timezone(node: exp.Anonymous, scope: Scope) -> Value:
    value = value_of(node.expressions[0], scope)
    if value.type.name not in {"timestamp", "date"}:
        raise _unexpected(node, scope)
    zone = zone_name(node.expressions[1], scope)
    kind = value.type if value.type.name == "timestamp" else TIMESTAMP
    return Value(from_local(coerce(value, kind), zone), Type(ZONED, kind.parameters, zone=zone))


def _from_unixtime(node: exp.Anonymous, scope: Scope) -> Value:
    form = signatures("double -> timestamptz", "trino_from_unixtime({0})")
    value = apply("from_unixtime", form, list(node.expressions[:1]), node, scope)
    if len(node.expressions) == 1:
        return value
    return at_zone(value, node.expressions[1], node, scope)


def _from_iso8601_timestamp(node: exp.Anonymous, scope: Scope) -> Value:
    """Parse a moment, whose zone is that of its text."""
    form = signatures("varchar -> timestamptz", "timezone('UTC', trino_iso_moment({0}))")
    value = apply("from_iso8601_timestamp", form, list(node.expressions), node, scope)
    text = node.expressions[0]
    if not isinstance(text, exp.Literal):
        return Value(f"trino_in_utc({value.sql}, {value_of(text, scope).sql})", value.type)
    zone = re.search(r"T.*?([+-]\d{2}(?::?\d{2})?)$", text.name)
    return Value(value.sql, Type(ZONED, value.type.parameters, zone=zone_of(zone[1]) if zone else "UTC"))


def _reduce(node: exp.Anonymous, scope: Scope) -> Value:
    items, start, step, finish = node.expressions
    values, state = value_of(items, scope), value_of(start, scope)
    if values.type.name != "array":
        expected = "reduce(array(T), S, function(S,T,S), function(S,R))"
        message = f"Unexpected parameters ({values.type}) for function reduce. Expected: {expected}"
        raise refusal("FUNCTION_NOT_FOUND", message, node, scope)
    names = f"s{scope.variable_name()}", scope.variable_name()
    kind = state.type
    for _ in range(2):
        # The state has the type that the start and the step have in common.
        taken = [Value(names[0], kind), Value(names[1], values.type.parts[0])]
        body = function_body(step, taken, scope)
        wider = common_type(kind, body.type)
        if wider is None:
            raise refusal("TYPE_MISMATCH", f"reduce: the state is {kind}, its step {body.type}", node, scope)
        kind = wider
    reduced = f"list_reduce({values.sql}, lambda {names[0]}, {names[1]}: {coerce(body, kind)}, {coerce(state, kind)})"
    # DuckDB reduces an array of other elements only after the start has become one of them.
    if kind != values.type.parts[0]:
        reduced = _reduce_boxed(values, state, step, kind, names, scope)
    return function_body(finish, [Value(f"list_extract([{reduced}], 1)", kind)], scope)


def _reduce_boxed(
    values: Value, state: Value, step: exp.Expression, kind: Type, names: tuple[str, str], scope: Scope
) -> str:
    """Reduce over pairs of state and element, since DuckDB's states have the type of the elements."""
    element = values.type.parts[0]
    taken = [Value(f"{names[0]}.s", kind), Value(f"{names[1]}.e", element)]
    body = coerce(function_body(step, taken, scope), kind)
    nothing, empty = f"CAST(NULL AS {duckdb_name(kind)})", f"CAST(NULL AS {duckdb_name(element)})"
    boxed = f"list_transform({values.sql}, lambda e_: struct_pack(s := {nothing}, e := e_))"
    start = f"struct_pack(s := {coerce(state, kind)}, e := {empty})"
    return f"list_reduce({boxed}, lambda {names[0]}, {names[1]}: struct_pack(s := {body}, e := {empty}), {start}).s"


def _zip(node: exp.Anonymous, scope: Scope) -> Value:
    *items, step = [*node.expressions, None] if node.name.lower() == "zip" else node.expressions
    values = [value_of(item, scope) for item in items]
    for value in values:
        if value.type.name != "array":
            raise refusal(
                "FUNCTION_NOT_FOUND",
                f"Unexpected parameters ({value.type}) for function {node.name}. Expected: arrays",
                node,
                scope,
            )
    index = f"i{scope.variable_name()}"
    longest = f"greatest({', '.join(f'len({value.sql})' for value in values)})"
    elements = [Value(f"{value.sql}[{index}]", value.type.parts[0]) for value in values]
    if step is not None:
        body = function_body(step, elements, scope)
    else:
        kind = row_of([element.type for element in elements])
        members = ", ".join(f"{name} := {one.sql}" for name, one in zip(kind.member_names, elements, strict=True))
        body = Value(f"struct_pack({members})", kind)
    missing = " OR ".join(f"{value.sql} IS NULL" for value in values)
    made = f"list_transform(range(1, {longest} + 1), lambda {index}: {body.sql})"
    return Value(f"CASE WHEN {missing} THEN NULL ELSE {made} END", array(body.type))


def _format(node: exp.Anonymous, scope: Scope) -> Value:
    pattern, *rest = node.expressions
    values = [value_of(argument, scope) for argument in rest]
    written = value_of(pattern, scope)
    if not written.type.is_text:
        message = f"Type of first argument to format() must be VARCHAR (actual: {written.type})"
        raise refusal("TYPE_MISMATCH", message, pattern, scope)
    kinds, texts = [], []
    for value, argument in zip(values, rest, strict=True):
        if not can_cast(value.type, VARCHAR) and value.type.name != "json":
            raise refusal("NOT_SUPPORTED", f"Type not supported for formatting: {value.type}", argument, scope)
        if value.type.name == ZONED:
            raise refusal("NOT_SUPPORTED", f"format of {value.type} is not supported on the laptop", argument, scope)
        kind = "integer" if value.type.is_integer else value.type.name
        kinds.append(kind if kind in CLASSES else "text")
        if value.type.is_floating:
            texts.append(f"trino_double_text(CAST(CAST({value.sql} AS VARCHAR) AS DOUBLE))")
        else:
            texts.append(value.sql if value.type.name == "json" else cast(value, VARCHAR, is_safe=False))
    arguments = f"'{' '.join(kinds)}', CAST([{', '.join(texts)}] AS VARCHAR[])"
    return Value(f"trino_format({coerce(written, VARCHAR)}, {arguments})", VARCHAR)


def _grouping(node: exp.Anonymous, scope: Scope) -> Value:
    if not scope.allows_aggregates:
        raise refusal(
            "EXPRESSION_NOT_SCALAR",
            "A GROUPING() operation can only be used with a corresponding GROUPING SET/CUBE/ROLLUP/GROUP BY clause",
            node,
            scope,
        )
    listed = ", ".join(value_of(argument, scope).sql for argument in node.expressions)
    return Value(f"CAST(grouping({listed}) AS INTEGER)", INTEGER)


FORMS.update(
    {
        "at_timezone": _at_timezone, "coalesce": _coalesce, "concat": _concat, "date_add": _date_add,
        "date_diff": _date_diff, "date_format": _date_format, "date_parse": _date_parse, "date_trunc": _date_trunc,
        "format": _format, "format_datetime": _date_format, "from_iso8601_timestamp": _from_iso8601_timestamp,
        "from_unixtime": _from_unixtime, "greatest": _extreme,
        "grouping": _grouping, "if": _if, "least": _extreme, "map": _map, "mod": _mod, "nullif": _nullif,
        "parse_datetime": _date_parse, "reduce": _reduce, "row": _row, "try": _try, "typeof": _typeof,
        "with_timezone": _with_timezone, "zip": _zip, "zip_with": _zip,
    }
)  # fmt: skip
