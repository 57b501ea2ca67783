"""Parses Athena's SQL with sqlglot, binds parameters, and translates to DuckDB's SQL.

sqlglot does not translate some differences between Trino and DuckDB; this module does: names of unnamed columns, Joda's
date formats, series of dates, and functions that DuckDB lacks (macros in `MACROS`).
"""

from __future__ import annotations

import re
from functools import partial

import sqlglot
from sqlglot import exp

from deployment.emulator.athena.errors import QueryFailedError, RequestRefusedError

DIALECT = "athena"
MACROS = (
    "CREATE TEMP MACRO map_agg(k, v) AS map(list(k), list(v))",
    "CREATE TEMP MACRO at_timezone(moment, zone) AS timezone(zone, moment)",
    "CREATE TEMP MACRO with_timezone(moment, zone) AS timezone(zone, moment)",
    "CREATE TEMP MACRO to_iso8601(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%S.%g')",
    r"CREATE TEMP MACRO url_extract_host(url) AS regexp_extract(url, '^[a-zA-Z]+://([^/:?#]+)', 1)",
    r"CREATE TEMP MACRO url_extract_path(url) AS regexp_extract(url, '^[a-zA-Z]+://[^/?#]+([^?#]*)', 1)",
)
# Joda's patterns, in DuckDB's directives.
JODA = {
    "yyyy": "%Y", "YYYY": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I",
    "mm": "%M", "ss": "%S", "SSS": "%g", "EEEE": "%A", "EEE": "%a", "a": "%p",
}  # fmt: skip
JODA_TOKEN = re.compile("'([^']*)'|" + "|".join(sorted(JODA, key=len, reverse=True)) + "|.")
MATCHES = {"any_match": "bool_or", "all_match": "bool_and"}


def parse(query: str) -> exp.Expression:
    """Parse one statement; ``MALFORMED_QUERY`` with the position of an error, or if there is not exactly one."""
    try:
        statements = [tree for tree in sqlglot.parse(query, read=DIALECT) if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        first = (getattr(error, "errors", None) or [{}])[0]
        place = f"line {first.get('line', 1)}:{first.get('col', 1)}: "
        reason = first.get("description") or str(error).splitlines()[0]
        raise RequestRefusedError(f"{place}mismatched input: {reason}", "MALFORMED_QUERY") from error
    if len(statements) != 1:
        raise RequestRefusedError("Only one sql statement is allowed", "MALFORMED_QUERY")
    return statements[0]


def bind(tree: exp.Expression, parameters: list[str]) -> exp.Expression:
    """Replace the question marks by the execution parameters, each a literal as SQL writes it.

    A value that is not a literal (``berlin`` without quotes) is taken as a string.

    Raises
    ------
    QueryFailedError
        ``INVALID_PARAMETER_USAGE`` if the number of parameters differs from the number of question marks.
    """
    places = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(places) != len(parameters):
        message = f"line 1:1: Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        raise QueryFailedError("INVALID_PARAMETER_USAGE", message)
    for place, text in zip(places, parameters, strict=True):
        place.replace(_literal(text))
    return tree


def name_columns(tree: exp.Expression) -> exp.Expression:
    """Name the unnamed columns as Trino does: ``_col`` and their position."""
    for select in list(tree.find_all(exp.Select)):
        named = [
            expression
            if expression.is_star or isinstance(expression, exp.Alias | exp.Column | exp.Dot | exp.Aliases)
            else exp.alias_(expression, f"_col{position}")
            for position, expression in enumerate(select.expressions)
        ]
        select.set("expressions", named)
    return tree


def to_duckdb(tree: exp.Expression) -> str:
    """Translate a tree with bound tables to DuckDB's SQL."""
    return str(tree.copy().transform(_bridge).sql(dialect="duckdb"))


def _literal(text: str) -> exp.Expression:
    try:
        value = sqlglot.parse_one(text, read=DIALECT)
    except sqlglot.errors.SqlglotError:
        return exp.Literal.string(text)
    return exp.Literal.string(text) if value.find(exp.Column, exp.Query) else value


def _bridge(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Column) and node.args.get("db"):
        # database.table.column: the table is bound under its own name.
        return exp.column(node.this.copy(), table=node.args["table"].copy())
    if isinstance(node, exp.GenerateSeries) and not node.args.get("step") and _is_date(node.args["start"]):
        days = exp.GenerateSeries(start=node.args["start"], end=node.args["end"], step=exp.var("INTERVAL 1 DAY"))
        return exp.cast(days, "DATE[]")
    if isinstance(node, exp.Anonymous):
        return _bridge_function(node)
    if isinstance(node, exp.StrToTime) and isinstance(node.args.get("format"), exp.Literal):
        node.set("format", exp.Literal.string(_joda(node.args["format"].this)))
    return node


def _bridge_function(node: exp.Anonymous) -> exp.Expression:
    name, arguments = node.name.lower(), node.expressions
    if name == "format_datetime" and isinstance(arguments[1], exp.Literal):
        return exp.func("strftime", arguments[0], exp.Literal.string(_joda(arguments[1].this)))
    if name in MATCHES:
        held = exp.func("list_transform", *arguments)
        return exp.func("list_aggregate", held, exp.Literal.string(MATCHES[name]))
    return node


def _is_date(node: exp.Expression) -> bool:
    return isinstance(node, exp.CurrentDate | exp.Date | exp.TsOrDsToDate) or (
        isinstance(node, exp.Cast) and bool(node.is_type("date"))
    )


def _joda(pattern: str) -> str:
    if "%" in pattern:
        return pattern
    return JODA_TOKEN.sub(partial(_joda_token), pattern)


def _joda_token(token: re.Match[str]) -> str:
    return token[1] if token[1] is not None else JODA.get(token[0], token[0])
