"""Operators: arithmetic, comparison, logic, text, time zones and subscripts.

https://trino.io/docs/current/functions/comparison.html, decimal.html, datetime.html, logical.html; the errors are those
of Trino's ExpressionAnalyzer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from sqlglot import exp

from deployment.emulator.athena.dialect.casts import MOMENTS, as_double, checked, coerce, instant, member
from deployment.emulator.athena.dialect.scopes import HANDLERS, Scope, Value, refusal, value_of
from deployment.emulator.athena.dialect.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TIME,
    DOUBLE,
    INTEGER,
    VARCHAR,
    YEAR_MONTH,
    ZONED,
    Type,
    array,
    as_decimal,
    coerces,
    common_type,
    decimal,
    duckdb_name,
    offset_minutes,
    zone_of,
)
from deployment.emulator.athena.errors import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
COMPARISONS = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
NO_ZERO = "'DIVISION_BY_ZERO: Division by zero' || left(CAST({0} AS VARCHAR), 0)"
INTERVALS = (DAY_TIME, YEAR_MONTH)


def arithmetic(node: exp.Binary, scope: Scope) -> Value:
    """Compile an arithmetic operator."""
    return calculate(ARITHMETIC[type(node)], value_of(node.this, scope), value_of(node.expression, scope), node, scope)


def calculate(operator: str, left: Value, right: Value, node: exp.Expression, scope: Scope) -> Value:
    """Return the result of an arithmetic operator; ``TYPE_MISMATCH`` where Trino has none for the types."""
    left, right = _known(left, right), _known(right, left)
    if left.type.is_numeric and right.type.is_numeric:
        return _number(operator, left, right)
    result = _moment(operator, left, right) or _time_of_day(operator, left, right)
    if result is None and operator == "+":
        result = _moment(operator, right, left) or _time_of_day(operator, right, left)
    if result is None and operator == "*":
        result = _scaled(operator, left, right) or _scaled(operator, right, left)
    if result is None and operator == "/":
        result = _scaled(operator, left, right)
    if result is None:
        raise refusal("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {operator} {right.type}", node, scope)
    return result


def _known(value: Value, other: Value) -> Value:
    """Return null as a value of the other operand's type."""
    if value.type.name != "unknown":
        return value
    kind = other.type if other.type.is_numeric or other.type.name in INTERVALS else INTEGER
    kind = Type(DAY_TIME) if other.type.name in MOMENTS else kind
    return Value(coerce(value, kind), kind)


def _number(operator: str, left: Value, right: Value) -> Value:
    wider = common_type(left.type, right.type) or DOUBLE
    if wider.name == "decimal":
        return _decimal(operator, left, right)
    one, two = coerce(left, wider), coerce(right, wider)
    if wider.is_integer:
        if operator in "/%":
            divided = f"({one} {'//' if operator == '/' else '%'} {two})"
            return Value(checked(divided, f"{two} <> 0", NO_ZERO.format(two)), wider)
        return Value(f"({one} {operator} {two})", wider)
    if operator == "%":
        return Value(f"trino_remainder({one}, {two})", wider)
    return Value(f"({one} {operator} {two})", wider)


def _decimal(operator: str, left: Value, right: Value) -> Value:
    """Calculate with decimals, whose results have precision and scale by Trino's rules."""
    mine, other = as_decimal(left.type), as_decimal(right.type)
    one, two = coerce(left, mine), coerce(right, other)
    (p, s), (q, t) = mine.parameters, other.parameters
    if operator in "+-":
        result = decimal(max(p - s, q - t) + max(s, t) + 1, max(s, t))
        kind = duckdb_name(result)
        return Value(f"CAST(CAST({one} AS {kind}) {operator} CAST({two} AS {kind}) AS {kind})", result)
    if operator == "*":
        result = decimal(p + q, s + t)
        return Value(f"CAST({one} * {two} AS {duckdb_name(result)})", result)
    if operator == "%":
        result = decimal(min(p - s, q - t) + max(s, t), max(s, t))
        wide = duckdb_name(decimal(38, max(s, t)))
        divided = f"CAST(CAST({one} AS {wide}) % CAST({two} AS {wide}) AS {duckdb_name(result)})"
    else:
        result = decimal(p + t + max(0, t - s), max(s, t))
        shift = max(s, t) - s + t
        divided = f"CAST(trino_divide({one}, {two}, {shift}, {result.parameters[1]}) AS {duckdb_name(result)})"
    return Value(checked(divided, f"{two} <> 0", NO_ZERO.format(two)), result)


def _moment(operator: str, left: Value, right: Value) -> Value | None:
    """Calculate with dates, timestamps and intervals; the moment or the first interval is on the left."""
    mine, other = left.type, right.type
    if operator not in "+-" or other.name not in (*INTERVALS, *MOMENTS):
        return None
    if mine.name in INTERVALS and mine == other:
        return Value(f"({left.sql} {operator} {right.sql})", mine)
    if mine.name not in MOMENTS or (other.name in MOMENTS and operator == "+"):
        return None
    if other.name in MOMENTS:
        kind = "TIMESTAMPTZ" if ZONED in {mine.name, other.name} else "TIMESTAMP"
        return Value(f"(CAST({instant(left)} AS {kind}) - CAST({instant(right)} AS {kind}))", Type(DAY_TIME))
    return _moved(operator, left, right)


def _time_of_day(operator: str, left: Value, right: Value) -> Value | None:
    """Calculate with times of day, which go on from midnight."""
    if left.type.name != "time":
        return None
    if right.type.name == DAY_TIME:
        kind = Type("time", (max(left.type.parameters[0], 3),))
        return Value(f"({left.sql} {operator} {right.sql})", kind)
    if right.type.name != "time" or operator == "+":
        return None
    return Value(f"to_milliseconds(date_sub('millisecond', {right.sql}, {left.sql}))", Type(DAY_TIME))


def _moved(operator: str, left: Value, right: Value) -> Value:
    """Add an interval to a moment, or subtract it; a date stays a date."""
    mine, other = left.type, right.type
    moved = f"({left.sql} {operator} {right.sql})"
    if mine == DATE:
        moved = f"CAST({moved} AS DATE)"
        if other.name == DAY_TIME:
            message = "'INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date'"
            message = message if operator == "+" else message.replace("add", "subtract").replace("to a", "from a")
            moved = checked(moved, f"epoch_ms({right.sql}) % 86400000 = 0", message)
        return Value(moved, mine)
    digits = max(mine.parameters[0], 3) if other.name == DAY_TIME else mine.parameters[0]
    return Value(moved, Type(mine.name, (digits,), zone=mine.zone))


def _scaled(operator: str, interval: Value, number: Value) -> Value | None:
    if interval.type.name not in INTERVALS or not number.type.is_numeric:
        return None
    if interval.type.name == YEAR_MONTH:
        return Value(f"to_months(CAST(trunc(trino_months({interval.sql}) {operator} {as_double(number)}) AS INTEGER))",
                     interval.type)  # fmt: skip
    product = f"epoch_ms({interval.sql}) {operator} {as_double(number)}"
    return Value(f"to_milliseconds(CAST(trunc({product}) AS BIGINT))", interval.type)


def comparison(node: exp.Binary, scope: Scope) -> Value:
    """Compile a comparison, also with ALL, ANY and SOME of a subquery."""
    operator = COMPARISONS[type(node)]
    left = value_of(node.this, scope)
    if isinstance(node.expression, exp.All | exp.Any):
        right = value_of(_subquery(node.expression.this), scope)
        word = "ALL" if isinstance(node.expression, exp.All) else "ANY"
        wider = _comparable(operator, left, right, node, scope)
        inner = (
            right.sql
            if wider == right.type
            else f"(SELECT {coerce(Value('q_.x', right.type), wider)} FROM {right.sql} AS q_(x))"
        )
        return Value(f"({coerce(left, wider)} {operator} {word} {inner})", BOOLEAN)
    return compare(operator, left, value_of(node.expression, scope), node, scope)


def compare(operator: str, left: Value, right: Value, node: exp.Expression, scope: Scope) -> Value:
    """Return a comparison of two values; ``TYPE_MISMATCH`` where their types have none in common."""
    wider = _comparable(operator, left, right, node, scope)
    one, two = coerce(Value(instant(left), left.type), wider), coerce(Value(instant(right), right.type), wider)
    if "char" in {left.type.name, right.type.name}:
        one, two = f"rtrim({one}, ' ')", f"rtrim({two}, ' ')"
    if wider.is_floating and operator != "<>":
        # NaN is not equal to, less than or greater than anything; to DuckDB it equals itself and is the greatest.
        return Value(f"(({one} {operator} {two}) AND NOT isnan({one}) AND NOT isnan({two}))", BOOLEAN)
    if wider.is_floating:
        return Value(f"(({one} <> {two}) OR isnan({one}) OR isnan({two}))", BOOLEAN)
    if wider.name == "row" and operator in {"=", "<>"}:
        pairs = (
            compare("=", Value(member(one, name), part), Value(member(two, name), part), node, scope).sql
            for name, part in zip(wider.member_names, wider.parts, strict=True)
        )
        return Value(f"({'NOT ' if operator == '<>' else ''}({' AND '.join(pairs)}))", BOOLEAN)
    if wider.name == "map":
        return Value(f"({'NOT ' if operator == '<>' else ''}trino_maps_equal({one}, {two}))", BOOLEAN)
    if wider.name == "array" and operator in {"=", "<>"}:
        # Null where an element is null and no other differs.
        return Value(f"({'NOT ' if operator == '<>' else ''}trino_equal({one}, {two}))", BOOLEAN)
    return Value(f"({one} {operator} {two})", BOOLEAN)


def _comparable(operator: str, left: Value, right: Value, node: exp.Expression, scope: Scope) -> Type:
    wider = common_type(left.type, right.type)
    is_ordered = operator in {"=", "<>"} or (wider is not None and wider.is_orderable)
    if wider is None or not is_ordered:
        # Trino has no operators >, >= and <>, so its message names the one that it uses in their place.
        shown = {">": "<", ">=": "<=", "<>": "="}.get(operator, operator)
        raise refusal("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {shown} {right.type}", node, scope)
    return wider


def single_type(values: Sequence[Value], description: str, nodes: Sequence[exp.Expression], scope: Scope) -> Type:
    """Return the type that values have in common; ``TYPE_MISMATCH`` at the first that has none with those before."""
    wider = Type("unknown")
    seen = list(dict.fromkeys(str(value.type) for value in values))
    for value, node in zip(values, nodes, strict=True):
        common = common_type(wider, value.type)
        if common is None:
            message = (
                f"{description} must be the same type or coercible to a common type. Cannot find common type between "
                f"{wider} and {value.type}, all types (without duplicates): [{', '.join(seen)}]"
            )
            raise refusal("TYPE_MISMATCH", message, node, scope)
        wider = common
    return wider


def boolean(node: exp.Expression, description: str, scope: Scope) -> str:
    """Compile a condition; ``TYPE_MISMATCH`` if it is not a boolean."""
    value = value_of(node, scope)
    if not coerces(value.type, BOOLEAN):
        raise refusal("TYPE_MISMATCH", f"{description} must evaluate to a boolean (actual: {value.type})", node, scope)
    return coerce(value, BOOLEAN)


def _logic(node: exp.And | exp.Or, scope: Scope) -> Value:
    word = "AND" if isinstance(node, exp.And) else "OR"
    terms = [boolean(term, "Logical expression term", scope) for term in node.flatten()]
    return Value(f"({f' {word} '.join(terms)})", BOOLEAN)


def _not(node: exp.Not, scope: Scope) -> Value:
    return Value(f"(NOT {boolean(node.this, 'Value of logical NOT expression', scope)})", BOOLEAN)


def _negative(node: exp.Neg, scope: Scope) -> Value:
    value = _known(value_of(node.this, scope), Value("0", INTEGER))
    if not (value.type.is_numeric or value.type.name in INTERVALS):
        raise refusal("TYPE_MISMATCH", f"Cannot negate {value.type}", node, scope)
    return Value(f"(-{value.sql})", value.type)


def _is(node: exp.Is, scope: Scope) -> Value:
    if not isinstance(node.expression, exp.Null):
        raise refusal("NOT_SUPPORTED", "IS is only supported with NULL and DISTINCT FROM", node, scope)
    return Value(f"({value_of(node.this, scope).sql} IS NULL)", BOOLEAN)


def _distinct_from(node: exp.Binary, scope: Scope) -> Value:
    left, right = value_of(node.this, scope), value_of(node.expression, scope)
    wider = _comparable("=", left, right, node, scope)
    word = "IS DISTINCT FROM" if isinstance(node, exp.NullSafeNEQ) else "IS NOT DISTINCT FROM"
    return Value(f"({coerce(left, wider)} {word} {coerce(right, wider)})", BOOLEAN)


def _between(node: exp.Between, scope: Scope) -> Value:
    value, low, high = (value_of(node.args[name], scope) for name in ("this", "low", "high"))
    wider = common_type(value.type, low.type)
    wider = common_type(wider, high.type) if wider else None
    if wider is None or not wider.is_orderable:
        raise refusal(
            "TYPE_MISMATCH", f"Cannot check if {value.type} is BETWEEN {low.type} and {high.type}", node, scope
        )
    bounds = (compare(">=", value, low, node, scope).sql, compare("<=", value, high, node, scope).sql)
    return Value(f"({bounds[0]} AND {bounds[1]})", BOOLEAN)


def _in(node: exp.In, scope: Scope) -> Value:
    value = value_of(node.this, scope)
    only = node.expressions[0] if len(node.expressions) == 1 else None
    query = only if isinstance(only, exp.Values) else node.args.get("query")
    if query is not None:
        inner = value_of(_subquery(query), scope)
        wider = common_type(value.type, inner.type)
        if wider is None:
            message = (
                f"value and result of subquery must be of the same type for IN expression: {value.type} vs {inner.type}"
            )
            raise refusal("TYPE_MISMATCH", message, node, scope)
        listed = inner.sql
        if coerce(Value("q_.x", inner.type), wider) != "q_.x":
            listed = f"(SELECT {coerce(Value('q_.x', inner.type), wider)} FROM {inner.sql} AS q_(x))"
        return Value(f"({coerce(value, wider)} IN {listed})", BOOLEAN)
    values = [value_of(entry, scope) for entry in node.expressions]
    wider = single_type([value, *values], "IN value and list items", [node.this, *node.expressions], scope)
    if wider.parts or wider.is_floating:
        return Value(f"({' OR '.join(compare('=', value, entry, node, scope).sql for entry in values)})", BOOLEAN)
    return Value(f"({coerce(value, wider)} IN ({', '.join(coerce(entry, wider) for entry in values)}))", BOOLEAN)


def _like(node: exp.Like, scope: Scope, escape: exp.Expression | None = None) -> Value:
    value, pattern = value_of(node.this, scope), value_of(node.expression, scope)
    for operand, place, side in ((value, node.this, "Left side of"), (pattern, node.expression, "Pattern for")):
        if not operand.type.is_text and operand.type.name != "unknown":
            message = f"{side} LIKE expression must evaluate to a varchar (actual: {operand.type})"
            raise refusal("TYPE_MISMATCH", message, place, scope)
    if escape is None:
        return Value(f"({coerce(value, VARCHAR)} LIKE {coerce(pattern, VARCHAR)} ESCAPE '')", BOOLEAN)
    if isinstance(escape, exp.Literal) and isinstance(node.expression, exp.Literal):
        _check_escape(node.expression.name, escape.name)
    suffix = f" ESCAPE {value_of(escape, scope).sql}"
    return Value(f"({coerce(value, VARCHAR)} LIKE {coerce(pattern, VARCHAR)}{suffix})", BOOLEAN)


def _check_escape(pattern: str, escape: str) -> None:
    if len(escape) != 1:
        raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", "Escape string must be a single character")
    if escape in re.sub(re.escape(escape) + f"[%_{re.escape(escape)}]", "", pattern):
        message = "Escape character must be followed by '%', '_' or the escape character itself"
        raise QueryFailedError("INVALID_FUNCTION_ARGUMENT", message)


def _escape(node: exp.Escape, scope: Scope) -> Value:
    return _like(node.this, scope, node.expression)


def _concatenation(node: exp.DPipe, scope: Scope) -> Value:
    left, right = value_of(node.this, scope), value_of(node.expression, scope)
    return concatenate([left, right], node, scope, "Cannot apply operator: {0} || {1}")


def concatenate(values: list[Value], node: exp.Expression, scope: Scope, message: str) -> Value:
    """Concatenate texts, or arrays and elements; ``TYPE_MISMATCH`` for other types."""
    arrays = [value.type for value in values if value.type.name == "array"]
    if arrays:
        kind = arrays[0]
        for value in values:
            wanted = common_type(kind, value.type if value.type.name == "array" else array(value.type))
            if wanted is None:
                raise refusal("TYPE_MISMATCH", message.format(*(entry.type for entry in values)), node, scope)
            kind = wanted
        parts = [
            coerce(value, kind) if value.type.name == "array" else f"[{coerce(value, kind.parts[0])}]"
            for value in values
        ]
        return Value(f"({' || '.join(parts)})", kind)
    known = [value for value in values if value.type.name != "unknown"]
    kind = known[0].type if known else VARCHAR
    is_binary = kind.name == "varbinary"
    if any(value.type.name != "varbinary" if is_binary else not value.type.is_text for value in known):
        raise refusal("TYPE_MISMATCH", message.format(*(value.type for value in values)), node, scope)
    result = kind if is_binary else VARCHAR
    return Value(f"({' || '.join(coerce(value, result) for value in values)})", result)


def _at_time_zone(node: exp.AtTimeZone, scope: Scope) -> Value:
    return at_zone(value_of(node.this, scope), node.args["zone"], node, scope)


def at_zone(value: Value, zone: exp.Expression, node: exp.Expression, scope: Scope) -> Value:
    """Show a moment in a zone; a timestamp without a zone is one in UTC, the session's."""
    if value.type.name not in {"timestamp", ZONED}:
        message = f"Type of value must be a time or timestamp with or without time zone (actual {value.type})"
        raise refusal("TYPE_MISMATCH", message, node, scope)
    kind = Type(ZONED, value.type.parameters, zone=zone_name(zone, scope))
    return Value(coerce(Value(instant(value), value.type), kind), kind)


def zone_name(node: exp.Expression, scope: Scope) -> str:
    """Return the zone that a literal names; ``NOT_SUPPORTED`` if there is none, or for a zone that is not a literal."""
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise refusal("NOT_SUPPORTED", "a time zone that is not a literal is not supported on the laptop", node, scope)
    if node.name not in available_timezones() and offset_minutes(node.name) is None:
        raise QueryFailedError("NOT_SUPPORTED", f"Time zone not supported: {node.name}")
    return zone_of(node.name)


def _subscript(node: exp.Bracket, scope: Scope) -> Value:
    base, index = value_of(node.this, scope), value_of(node.expressions[0], scope)
    kind = base.type
    if kind.name == "row":
        position = int(node.expressions[0].name) if isinstance(node.expressions[0], exp.Literal) else 0
        if not 0 < position <= len(kind.parts):
            message = f"Subscript index out of bounds: {position}, max value is {len(kind.parts)}"
            raise refusal("INVALID_FUNCTION_ARGUMENT", message, node, scope)
        return Value(f"struct_extract({base.sql}, '{kind.member_names[position - 1]}')", kind.parts[position - 1])
    if kind.name == "array" and coerces(index.type, BIGINT):
        return Value(f"trino_subscript({base.sql}, {coerce(index, BIGINT)})", kind.parts[0])
    if kind.name == "map" and coerces(index.type, kind.parts[0]):
        key = coerce(index, kind.parts[0])
        return Value(f"trino_map_value({base.sql}, {key})", kind.parts[1])
    raise refusal("TYPE_MISMATCH", f"Cannot apply operator: {kind}[{index.type}]", node, scope)


def _subquery(node: exp.Expression) -> exp.Expression:
    return node if isinstance(node, exp.Subquery) else exp.Subquery(this=node)


HANDLERS.update(
    {
        **dict.fromkeys(ARITHMETIC, arithmetic),
        **dict.fromkeys(COMPARISONS, comparison),
        exp.And: _logic,
        exp.Or: _logic,
        exp.Not: _not,
        exp.Neg: _negative,
        exp.Is: _is,
        exp.NullSafeEQ: _distinct_from,
        exp.NullSafeNEQ: _distinct_from,
        exp.Between: _between,
        exp.In: _in,
        exp.Like: _like,
        exp.Escape: _escape,
        exp.DPipe: _concatenation,
        exp.AtTimeZone: _at_time_zone,
        exp.Bracket: _subscript,
    }
)
