"""Names, literals, casts, CASE and subqueries in expressions.

https://trino.io/docs/current/language/types.html, functions/conditional.html
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from deployment.emulator.athena.dialect import calls, forms  # noqa: F401 - register their nodes and functions
from deployment.emulator.athena.dialect.calls import apply
from deployment.emulator.athena.dialect.casts import can_cast, cast, coerce, member
from deployment.emulator.athena.dialect.functions import SCALAR, json_queries  # noqa: F401 - registers its nodes
from deployment.emulator.athena.dialect.operators import boolean, compare, single_type
from deployment.emulator.athena.dialect.scopes import HANDLERS, Scope, Value, refusal, resolve, value_of
from deployment.emulator.athena.dialect.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TIME,
    DOUBLE,
    INTEGER,
    TIMESTAMP,
    TIMESTAMP_ZONED,
    UNKNOWN,
    VARBINARY,
    YEAR_MONTH,
    ZONED,
    Type,
    array,
    common_type,
    decimal,
    duckdb_name,
    from_parsed,
    row_of,
    zone_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

EXTRACTED = {
    "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW", "DAY_OF_YEAR", "DOY",
    "YEAR_OF_WEEK", "YOW", "HOUR", "MINUTE", "SECOND",
}  # fmt: skip
# In months or in milliseconds.
_UNITS = {"YEAR": 12, "MONTH": 1, "DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}


def _column(node: exp.Column, scope: Scope) -> Value:
    parts = [part.name.lower() for part in node.parts]
    value, taken = resolve(parts, node, scope)
    return _fields(value, parts[taken:], node, scope)


def _identifier(node: exp.Identifier, scope: Scope) -> Value:
    return resolve([node.name.lower()], node, scope)[0]


def _dot(node: exp.Dot, scope: Scope) -> Value:
    return _fields(value_of(node.this, scope), [node.expression.name.lower()], node, scope)


def _fields(value: Value, names: Sequence[str], node: exp.Expression, scope: Scope) -> Value:
    for name in names:
        if value.type.name != "row":
            raise refusal("TYPE_MISMATCH", f"Expression {node.sql(dialect='trino')} is not of type ROW", node, scope)
        known = [str(member_name).lower() for member_name in value.type.fields]
        if name not in known:
            message = f"Column '{'.'.join([node.sql(dialect='trino')])}' cannot be resolved"
            raise refusal("COLUMN_NOT_FOUND", message, node, scope)
        position = known.index(name)
        value = Value(member(value.sql, value.type.member_names[position]), value.type.parts[position])
    return value


def _literal(node: exp.Literal, scope: Scope) -> Value:
    if node.is_string:
        return Value("'" + node.name.replace("'", "''") + "'", Type("varchar", (len(node.name),)))
    text = node.name.lower()
    if "e" in text:
        return Value(f"CAST({text} AS DOUBLE)", DOUBLE)
    if "." in text:
        whole, _, fraction = text.partition(".")
        whole = whole.lstrip("0")
        kind = decimal(len(whole) + len(fraction), len(fraction))
        return Value(f"CAST('{whole or 0}.{fraction or 0}' AS {duckdb_name(kind)})", kind)
    if int(text) > 2**63 - 1:
        raise refusal("INVALID_LITERAL", f"Invalid numeric literal: {text}", node, scope)
    return Value(text, INTEGER if int(text) <= 2**31 - 1 else BIGINT)


def _null(_node: exp.Null, _scope: Scope) -> Value:
    return Value("NULL", UNKNOWN)


def _boolean(node: exp.Boolean, _scope: Scope) -> Value:
    return Value("TRUE" if node.this else "FALSE", BOOLEAN)


def _binary(node: exp.HexString, _scope: Scope) -> Value:
    return Value(f"unhex('{node.name}')", VARBINARY)


def _parenthesis(node: exp.Paren, scope: Scope) -> Value:
    return value_of(node.this, scope)


def _tuple(node: exp.Tuple, scope: Scope) -> Value:
    values = [value_of(entry, scope) for entry in node.expressions]
    kind = row_of([value.type for value in values])
    members = ", ".join(f"{name} := {value.sql}" for name, value in zip(kind.member_names, values, strict=True))
    return Value(f"struct_pack({members})", kind)


def _array(node: exp.Array, scope: Scope) -> Value:
    values = [value_of(entry, scope) for entry in node.expressions]
    kind = single_type(values, "All ARRAY elements", node.expressions, scope)
    listed = ", ".join(coerce(value, kind) for value in values)
    return Value(f"CAST([{listed}] AS {duckdb_name(array(kind))})", array(kind))


def _interval(node: exp.Interval, scope: Scope) -> Value:
    unit, literal = node.args["unit"], node.this
    sign = -1 if isinstance(literal, exp.Neg) else 1
    text = literal.this.name if isinstance(literal, exp.Neg) else literal.name
    is_span = isinstance(unit, exp.IntervalSpan)
    first = (unit.this if is_span else unit).name.upper()
    last = unit.expression.name.upper() if is_span else first
    for units, maker, kind in (
        (("YEAR", "MONTH"), "to_months", YEAR_MONTH),
        (("DAY", "HOUR", "MINUTE", "SECOND"), "to_milliseconds", DAY_TIME),
    ):
        if first in units and last in units[units.index(first) :]:
            total = _sum_of_units(text, units[units.index(first) : units.index(last) + 1])
            if total is not None:
                return Value(f"{maker}({sign * total})", Type(kind))
    raise refusal("INVALID_LITERAL", f"'{text}' is not a valid INTERVAL literal", node, scope)


def _sum_of_units(text: str, units: tuple[str, ...]) -> int | None:
    """Return the months or milliseconds of an interval's text; ``None`` unless it has those units or the first of them.

    https://github.com/trinodb/trino/blob/master/core/trino-main/src/main/java/io/trino/util/DateTimeUtils.java
    """
    pattern = ""
    for name in reversed(units):
        number = r"(\d+(?:\.\d+)?)" if name == "SECOND" else r"(\d+)"
        separator = {"YEAR": "-", "DAY": " "}.get(name, ":")
        pattern = f"{number}(?:{separator}{pattern})?" if pattern else number
    match = re.fullmatch(f"([+-]?){pattern}", text)
    if match is None:
        return None
    numbers = zip(match.groups("0")[1:], units, strict=True)
    total = sum(int(Decimal(number) * _UNITS[name]) for number, name in numbers)
    return -total if match[1] == "-" else total


def _cast(node: exp.Cast, scope: Scope) -> Value:
    wanted = from_parsed(node.to)
    if wanted is None:
        shown = node.to.meta.get("written") if not node.to.expressions else node.to.sql(dialect="trino").lower()
        raise refusal("TYPE_NOT_FOUND", f"Unknown type: {shown}", node, scope)
    if isinstance(node.this, exp.Literal) and node.this.is_string and wanted.name in {"timestamp", ZONED, "decimal"}:
        wanted = _precision_of_literal(node.this.name, node.to, wanted)
    value = value_of(node.this, scope)
    if not can_cast(value.type, wanted):
        raise refusal("TYPE_MISMATCH", f"Cannot cast {value.type} to {wanted}", node, scope)
    sql = cast(value, wanted, is_safe=isinstance(node, exp.TryCast))
    if wanted.name == ZONED and value.type.is_text and not isinstance(node.this, exp.Literal):
        sql = f"trino_in_utc({sql}, {value.sql})"
    return Value(sql, wanted)


def _precision_of_literal(text: str, kind: exp.DataType, wanted: Type) -> Type:
    """Return the type of TIMESTAMP '…' by its digits, and its zone."""
    if wanted.name == "decimal":
        whole, _, fraction = text.lstrip("+-").partition(".")
        return decimal(len(whole.lstrip("0")) + len(fraction), len(fraction)) if not kind.expressions else wanted
    zone = re.search(r"\s([A-Za-z][\w/+-]*)\s*$|:\d+(?:\.\d+)?\s*([+-]\d{2}(?::?\d{2})?)\s*$", text)
    is_zoned = wanted.name == ZONED
    return Type(wanted.name, wanted.parameters, zone=zone_of(zone[1] or zone[2]) if zone and is_zoned else "UTC")


def _extract(node: exp.Extract, scope: Scope) -> Value:
    name = node.name.upper()
    if name not in EXTRACTED:
        raise refusal("INVALID_LITERAL", f"Invalid EXTRACT field: {name}", node, scope)
    return apply(name.lower(), SCALAR[name.lower()], [node.expression], node, scope)


def _case(node: exp.Case, scope: Scope) -> Value:
    results = [entry.args["true"] for entry in node.args["ifs"]]
    if node.args.get("default") is not None:
        results.append(node.args["default"])
    values = [value_of(result, scope) for result in results]
    kind = single_type(values, "All CASE results", results, scope)
    operand = value_of(node.this, scope) if node.this is not None else None
    branches = []
    for entry, value in zip(node.args["ifs"], values, strict=False):
        if operand is None:
            condition = boolean(entry.this, "CASE WHEN clause", scope)
        else:
            wanted = value_of(entry.this, scope)
            if common_type(operand.type, wanted.type) is None:
                given = f"{operand.type} vs {wanted.type}"
                message = f"CASE operand type does not match WHEN clause operand type: {given}"
                raise refusal("TYPE_MISMATCH", message, entry.this, scope)
            condition = compare("=", operand, wanted, entry.this, scope).sql
        branches.append(f"WHEN {condition} THEN {coerce(value, kind)}")
    otherwise = f" ELSE {coerce(values[-1], kind)}" if node.args.get("default") is not None else ""
    return Value(f"CASE {' '.join(branches)}{otherwise} END", kind)


def _current_date(_node: exp.CurrentDate, _scope: Scope) -> Value:
    return Value("current_date", DATE)


def _current_timestamp(_node: exp.CurrentTimestamp, _scope: Scope) -> Value:
    return Value("trino_round_zoned(now(), 1000)", TIMESTAMP_ZONED)


def _local_timestamp(_node: exp.Localtimestamp, _scope: Scope) -> Value:
    return Value("timezone('UTC', trino_round_zoned(now(), 1000))", TIMESTAMP)


def _position(node: exp.StrPosition, scope: Scope) -> Value:
    return apply("strpos", SCALAR["strpos"], [node.this, node.args["substr"]], node, scope)


def _substring(node: exp.Substring, scope: Scope) -> Value:
    arguments = [node.this, node.args["start"]]
    if node.args.get("length") is not None:
        arguments.append(node.args["length"])
    return apply("substring", SCALAR["substring"], arguments, node, scope)


def _trim(node: exp.Trim, scope: Scope) -> Value:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    arguments = [node.this] + ([node.expression] if node.args.get("expression") is not None else [])
    return apply(name, SCALAR[name], arguments, node, scope)


def _json_literal(node: exp.ParseJSON, scope: Scope) -> Value:
    return apply("json_parse", SCALAR["json_parse"], [node.this], node, scope)


HANDLERS.update(
    {
        exp.Array: _array,
        exp.Boolean: _boolean,
        exp.Case: _case,
        exp.Cast: _cast,
        exp.Column: _column,
        exp.CurrentDate: _current_date,
        exp.CurrentTimestamp: _current_timestamp,
        exp.Dot: _dot,
        exp.Extract: _extract,
        exp.HexString: _binary,
        exp.Identifier: _identifier,
        exp.Interval: _interval,
        exp.Literal: _literal,
        exp.Localtimestamp: _local_timestamp,
        exp.Null: _null,
        exp.Paren: _parenthesis,
        exp.ParseJSON: _json_literal,
        exp.StrPosition: _position,
        exp.Substring: _substring,
        exp.Trim: _trim,
        exp.TryCast: _cast,
        exp.Tuple: _tuple,
    }
)
