"""What sqlglot parses and Athena does not: operators, clauses and literals of other dialects, which it would ignore.

https://trino.io/docs/current/sql/select.html
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.tokens import TokenType

from deployment.emulator.athena.errors import RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot.tokens import Token

INTERVAL_UNITS = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"}
OPERATORS = {"!", "&", "&&", "->>", ":", "::", "<->", "<=>", "==", "?::", "??", "^", "|", "|>", "~", "~*", "~~"}
# An array begins with ARRAY; a bracket after one of these is none of its subscripts either.
_BEFORE_EXPRESSIONS = {
    TokenType.AND, TokenType.ARROW, TokenType.COMMA, TokenType.DASH, TokenType.DPIPE, TokenType.ELSE, TokenType.EQ,
    TokenType.GT, TokenType.GTE, TokenType.IN, TokenType.L_BRACKET, TokenType.L_PAREN, TokenType.LT, TokenType.LTE,
    TokenType.NEQ, TokenType.NOT, TokenType.ON, TokenType.OR, TokenType.PLUS, TokenType.SELECT, TokenType.SLASH,
    TokenType.STAR, TokenType.THEN, TokenType.WHEN, TokenType.WHERE,
}  # fmt: skip
_NAMES = {TokenType.VAR, TokenType.IDENTIFIER}
_QUERY = {"with_", "order", "limit", "offset"}
# The parts of each kind of node that the laptop compiles or refuses itself.
_PARTS: dict[type[exp.Expression], set[str]] = {
    exp.Between: {"this", "low", "high"},
    exp.Cast: {"this", "to", "safe"},
    exp.Column: {"this", "table", "db", "catalog"},
    exp.CTE: {"this", "alias"},
    exp.Except: {*_QUERY, "this", "expression", "distinct"},
    exp.Group: {"expressions"},
    exp.In: {"this", "expressions", "query"},
    exp.Intersect: {*_QUERY, "this", "expression", "distinct"},
    exp.Join: {"this", "on", "side", "kind", "using", "method"},
    exp.Lateral: {"this", "alias"},
    exp.Limit: {"this", "expression", "offset"},
    exp.Ordered: {"this", "desc", "nulls_first"},
    exp.Select: {
        *_QUERY, "expressions", "distinct", "from_", "joins", "where", "group", "having", "qualify", "windows",
    },
    exp.Star: set(),
    exp.Subquery: {*_QUERY, "this", "alias", "joins"},
    exp.Table: {"this", "alias", "db", "catalog", "joins", "version", "sample"},
    exp.Union: {*_QUERY, "this", "expression", "distinct"},
    exp.Unnest: {"expressions", "alias", "offset"},
    exp.Values: {"expressions", "alias", "joins"},
    exp.WindowSpec: {"kind", "start", "start_side", "end", "end_side"},
    exp.With: {"expressions", "recursive"},
}  # fmt: skip
_JOINS = {"", "CROSS", "INNER", "OUTER"}
# https://trino.io/docs/current/language/reserved.html, but for those that are values themselves (CURRENT_DATE).
RESERVED = {
    "ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CAST", "CONSTRAINT", "CREATE", "CROSS", "CUBE",
    "DEALLOCATE", "DELETE", "DESCRIBE", "DISTINCT", "DROP", "ELSE", "END", "ESCAPE", "EXCEPT", "EXISTS",
    "EXTRACT", "FALSE", "FOR", "FROM", "FULL", "GROUP", "GROUPING", "HAVING", "IN", "INNER", "INSERT",
    "INTERSECT", "INTO", "IS", "JOIN", "LEFT", "LIKE", "NATURAL", "NOT", "NULL", "ON", "OR", "ORDER", "OUTER",
    "PREPARE", "RECURSIVE", "RIGHT", "ROLLUP", "SELECT", "TABLE", "THEN", "TRIM", "TRUE", "UESCAPE", "UNION",
    "UNNEST", "USING", "VALUES", "WHEN", "WHERE", "WITH",
}  # fmt: skip
_RANGES = (exp.Between, exp.In, exp.Like)
_PREDICATES = (
    *_RANGES, exp.EQ, exp.Escape, exp.GT, exp.GTE, exp.Is, exp.LT, exp.LTE, exp.NEQ, exp.Not, exp.NullSafeEQ,
    exp.NullSafeNEQ,
)  # fmt: skip


def is_predicate(node: exp.Expression | None) -> bool:
    """Return whether an expression is a predicate without parentheses, of which no other can be made."""
    return isinstance(node, _PREDICATES)


def check_tokens(tokens: Sequence[Token], query: str) -> None:
    """Refuse operators and literals that only other dialects have; ``MALFORMED_QUERY`` with their position."""
    for at, token in enumerate(tokens):
        if token.text in OPERATORS and token.token_type not in {TokenType.STRING, TokenType.IDENTIFIER}:
            raise _refusal(token, f"'{token.text}'")
        if token.token_type in {TokenType.ISNULL, TokenType.NOTNULL}:
            raise _refusal(token, f"'{token.text}'")
        if token.token_type == TokenType.HEX_STRING and query[token.start : token.start + 2].lower() == "0x":
            raise _refusal(token, "hexadecimal numbers are not supported on the laptop")
        if token.token_type == TokenType.INTERVAL:
            _check_interval(tokens[at + 1 : at + 4])
    for token, following in pairwise(tokens):
        is_adjacent = following.start == token.end + 1
        if token.token_type == TokenType.NUMBER and following.token_type in _NAMES and is_adjacent:
            raise _refusal(token, "identifiers must not start with a digit; surround the identifier with double quotes")
        if following.token_type == TokenType.L_BRACKET and token.token_type in _BEFORE_EXPRESSIONS:
            raise _refusal(following, "'['. Expecting: <expression>")


def _check_interval(following: Sequence[Token]) -> None:
    """Refuse an interval whose number is not a literal of text, or without a unit in the singular."""
    rest = [token for token in following if token.token_type not in {TokenType.DASH, TokenType.PLUS}]
    if rest and rest[0].token_type == TokenType.NUMBER:
        raise _refusal(rest[0], f"'{rest[0].text}'. Expecting: '+', '-', <string>")
    if (
        rest
        and rest[0].token_type == TokenType.STRING
        and (len(rest) < 2 or rest[1].text.upper() not in INTERVAL_UNITS)
    ):
        raise _refusal(rest[0], "Expecting: 'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'")


def check_tree(tree: exp.Expression) -> None:
    """Refuse clauses of other dialects, which would be ignored; ``MALFORMED_QUERY`` with their name."""
    for node in tree.walk():
        if isinstance(node, _RANGES) and is_predicate(node.this):
            raise RequestRefusedError("line 1:1: mismatched input: a predicate of a predicate", "MALFORMED_QUERY")
        if isinstance(node, exp.Identifier) and not node.quoted and node.name.upper() in RESERVED:
            raise RequestRefusedError(f"line 1:1: mismatched input '{node.name}'", "MALFORMED_QUERY")
        known = _PARTS.get(type(node))
        if known is None:
            continue
        other = next((name for name, part in node.args.items() if part and name not in known), None)
        if isinstance(node, exp.Join) and node.kind not in _JOINS:
            other = f"{node.kind} JOIN"
        if isinstance(node, exp.In) and not (node.expressions or node.args.get("query")):
            other = "IN ()"
        if other is not None:
            shown = other.rstrip("_").replace("_", " ").upper()
            message = f"line 1:1: mismatched input: {shown} is not supported by Athena, or not on the laptop"
            raise RequestRefusedError(message, "MALFORMED_QUERY")


def _refusal(token: Token, reason: str) -> RequestRefusedError:
    place = f"line {token.line}:{max(token.col - len(token.text), 0) + 1}"
    return RequestRefusedError(f"{place}: mismatched input: {reason}", "MALFORMED_QUERY")
