"""json_value, json_query and json_exists: https://trino.io/docs/current/functions/json.html.

``runtime.json_paths`` evaluates the path and answers with a letter and a text; the query decides what becomes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from deployment.emulator.athena.dialect.casts import can_cast, cast, checked, coerce
from deployment.emulator.athena.dialect.runtime import json_paths
from deployment.emulator.athena.dialect.scopes import HANDLERS, Scope, Value, refusal, value_of
from deployment.emulator.athena.dialect.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    VARCHAR,
    Type,
    coerces,
    duckdb_name,
    from_parsed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT = "substr(r_, 2)"
# The items of json_value, by the letter of the answer.
_SCALARS = {
    "s": Value(_TEXT, VARCHAR),
    "b": Value(f"({_TEXT} = 'true')", BOOLEAN),
    "i": Value(f"TRY_CAST({_TEXT} AS BIGINT)", BIGINT),
    "d": Value(f"TRY_CAST({_TEXT} AS DOUBLE)", DOUBLE),
}
_CONSTANTS = {"NULL": None, "UNKNOWN": None, "TRUE": "TRUE", "FALSE": "FALSE", "ARRAY": "'[]'", "OBJECT": "'{}'"}
_NOTHING_FOUND = {
    "json_value": "JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON: JSON path found no items",
    "json_query": "JSON_OUTPUT_CONVERSION_ERROR: conversion from JSON failed: JSON path found no items",
}
_NOT_CASTABLE = (
    "JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON: Cannot cast value to declared return type of "
    "function JSON_VALUE: {}"
)


def _json_value(node: exp.JSONValue, scope: Scope) -> Value:
    wanted = _returned(node, scope)
    decide = _decisions("json_value", node, wanted, scope)
    branches = {"e": decide("empty", ""), "x": decide("error", _TEXT)}
    for letter, item in _SCALARS.items():
        otherwise = decide("error", f"'{_NOT_CASTABLE.format(wanted)}'")
        found = cast(item, wanted, is_safe=True) if can_cast(item.type, wanted) else "NULL"
        branches[letter] = f"coalesce({found}, {otherwise})"
    return Value(_chosen(f"trino_json_value({_arguments(node, scope)})", branches), wanted)


def _json_query(node: exp.JSONExtract, scope: Scope) -> Value:
    wanted = _returned(node, scope)
    decide = _decisions("json_query", node, wanted, scope)
    options = node.args["option"].name
    if "OMIT" in options and "CONDITIONAL" in options:
        message = "OMIT QUOTES behavior specified with WITH ARRAY WRAPPER behavior"
        raise refusal("INVALID_FUNCTION_ARGUMENT", message, node, scope)
    branches = {
        "v": cast(Value(_TEXT, VARCHAR), wanted, is_safe=False),
        "e": decide("empty", ""),
        "x": decide("error", _TEXT),
    }
    return Value(_chosen(f"trino_json_query({_arguments(node, scope)}, '{options}')", branches), wanted)


def _json_exists(node: exp.JSONExists, scope: Scope) -> Value:
    decide = _decisions("json_exists", node, BOOLEAN, scope)
    branches = {"v": "TRUE", "e": "FALSE", "x": decide("error", _TEXT)}
    return Value(_chosen(f"trino_json_exists({_arguments(node, scope)})", branches), BOOLEAN)


def _chosen(call: str, branches: dict[str, str]) -> str:
    listed = " ".join(f"WHEN '{letter}' THEN {branch}" for letter, branch in branches.items())
    return f"list_extract(list_transform([{call}], lambda r_: CASE left(r_, 1) {listed} END), 1)"


def _returned(node: exp.Expression, scope: Scope) -> Type:
    if node.args.get("returning") is None:
        return VARCHAR
    wanted = from_parsed(node.args["returning"])
    if wanted is None or wanted.parts:
        raise refusal("TYPE_MISMATCH", f"Invalid return type of function: {node.args['returning']}", node, scope)
    return wanted


def _arguments(node: exp.Expression, scope: Scope) -> str:
    """Return the document and the path as DuckDB's SQL."""
    document, path = value_of(node.this, scope), node.args["path"]
    if not (document.type.is_text or document.type.name in {"json", "unknown"}):
        message = f"Cannot read input of type {document.type} as JSON using formatting JSON"
        raise refusal("TYPE_MISMATCH", message, node.this, scope)
    try:
        json_paths.parse(path.name)
    except json_paths.UnsupportedPathError as error:
        raise refusal("NOT_SUPPORTED", f"the path '{error}' is not supported on the laptop", path, scope) from error
    if node.args.get("passing"):
        raise refusal("NOT_SUPPORTED", "PASSING is not supported on the laptop", node, scope)
    return f"{coerce(document, VARCHAR)}, {value_of(path, scope).sql}"


def _decisions(name: str, node: exp.Expression, wanted: Type, scope: Scope) -> Callable[[str, str], str]:
    """Return what ON EMPTY and ON ERROR make of a case and the SQL of its message."""
    conditions = node.args["on_condition"]

    def decide(case: str, message: str) -> str:
        action = conditions.args.get(case) or exp.var("FALSE" if name == "json_exists" else "NULL")
        if isinstance(action, exp.Var) and action.name == "ERROR":
            message = message or f"'{_NOTHING_FOUND[name]}'"
            return checked(f"CAST(NULL AS {duckdb_name(wanted)})", "FALSE", f"{message} || left(r_, 0)")
        if isinstance(action, exp.Var):
            return _CONSTANTS[action.name] or f"CAST(NULL AS {duckdb_name(wanted)})"
        default = value_of(action, scope)
        if not coerces(default.type, wanted):
            message = (
                f"Function {name.upper()} default ON {case.upper()} result must evaluate to a {wanted} "
                f"(actual: {default.type})"
            )
            raise refusal("TYPE_MISMATCH", message, action, scope)
        return coerce(default, wanted)

    return decide


HANDLERS.update({exp.JSONValue: _json_value, exp.JSONExtract: _json_query, exp.JSONExists: _json_exists})
