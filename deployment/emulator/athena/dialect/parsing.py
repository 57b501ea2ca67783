"""Parses Athena's SQL with sqlglot and binds parameters.

Functions are parsed as calls by their Trino names: sqlglot's own translation of them loses types and arguments.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokens import Token, TokenType

from deployment.emulator.athena.dialect.grammar import check_tokens, check_tree, is_predicate
from deployment.emulator.athena.errors import QueryFailedError, RequestRefusedError

QUERY = re.compile(r"\s*(?:(?:SELECT|WITH|VALUES|TABLE|INSERT)\b|\()", re.IGNORECASE)
# Functions with a syntax of their own.
SPECIAL_FORMS = {"CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING"}
_DOUBLE = re.compile(r"[\d.]+[eE][+-]?\d+")


class _Parser(TrinoParser):  # type: ignore[misc]
    FUNCTIONS: ClassVar[dict[str, object]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, object]] = {
        **{name: parse for name, parse in TrinoParser.FUNCTION_PARSERS.items() if name in SPECIAL_FORMS},
        "JSON_EXISTS": lambda self: self._json_function(exp.JSONExists),
        "JSON_QUERY": lambda self: self._json_function(exp.JSONExtract),
        "JSON_VALUE": lambda self: self._json_function(exp.JSONValue),
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, object]] = {
        name: parse for name, parse in TrinoParser.NO_PAREN_FUNCTION_PARSERS.items() if name in {"ANY", "CASE"}
    }
    COLUMN_OPERATORS: ClassVar[dict[Any, Any]] = {TokenType.DOT: TrinoParser.COLUMN_OPERATORS[TokenType.DOT]}
    PLACEHOLDER_PARSERS: ClassVar[dict[str, object]] = {
        **TrinoParser.PLACEHOLDER_PARSERS,
        TokenType.PLACEHOLDER: lambda self: self._parameter(),
    }

    def _parse_csv(self, parse_method: Any, sep: TokenType = TokenType.COMMA) -> list[Any]:
        items = super()._parse_csv(parse_method, sep)
        if items and self._prev.token_type == sep:
            self.raise_error("Expecting: <expression>")
        return list(items)

    def _parse_limit(self, *arguments: Any, **options: Any) -> Any:
        limit = super()._parse_limit(*arguments, **options)
        if isinstance(limit, exp.Limit) and limit.args.get("offset") is not None:
            self.raise_error("Expecting: <EOF>")
        return limit

    def _build_predicate(self, klass: Any, this: Any, expression: Any, *arguments: Any, **options: Any) -> Any:
        """Build a predicate, neither side of which is one: Athena wants parentheses about that."""
        if is_predicate(this) or is_predicate(expression):
            self.raise_error("Expecting: <EOF>")
        return super()._build_predicate(klass, this, expression, *arguments, **options)

    def _parse_types(self, *arguments: Any, **options: Any) -> Any:
        """Parse a type and note the name that it is written with: the tree has one for those of several dialects."""
        first = self._curr
        kind = super()._parse_types(*arguments, **options)
        if isinstance(kind, exp.DataType) and first is not None:
            kind.meta["written"] = first.text.lower()
        return kind

    def _json_function(self, kind: type[exp.Expression]) -> exp.Expression:
        """Parse what stands between the parentheses of json_value, json_query or json_exists."""
        name = self._tokens[self._index - 2]
        node = kind(this=self._parse_disjunction())
        node.meta.update(start=name.start, end=name.end)
        self._match_text_seq("FORMAT", "JSON")
        self._match(TokenType.COMMA)
        node.set("path", self._parse_string() or self.raise_error("Expecting: <string>"))
        if self._match_text_seq("PASSING"):
            node.set("passing", self._parse_csv(self._parse_expression))
        if self._match_text_seq("RETURNING"):
            node.set("returning", self._parse_types())
            self._match_text_seq("FORMAT", "JSON")
        if kind is exp.JSONExtract:
            node.set("option", exp.var(self._json_options()))
        node.set("on_condition", self._json_conditions())
        return node

    def _json_options(self) -> str:
        """Parse the wrapper and the quotes of json_query."""
        words = []
        if self._match_text_seq("WITH"):
            words.append("CONDITIONAL" if self._match_text_seq("CONDITIONAL") else "UNCONDITIONAL")
            self._match_text_seq("UNCONDITIONAL")
        if words or self._match_text_seq("WITHOUT"):
            self._match_text_seq("ARRAY")
            self._match_text_seq("WRAPPER")
        if self._match_text_seq("OMIT", "QUOTES"):
            words.append("OMIT")
        elif not self._match_text_seq("KEEP", "QUOTES"):
            return " ".join(words) or "WITHOUT"
        self._match_text_seq("ON", "SCALAR", "STRING")
        return " ".join(words) or "WITHOUT"

    def _json_conditions(self) -> exp.OnCondition:
        """Parse ON EMPTY and ON ERROR: a word in capitals, or the expression of DEFAULT."""
        conditions = exp.OnCondition()
        words = ("NULL", "ERROR", "TRUE", "FALSE", "UNKNOWN", "ARRAY", "OBJECT")
        while self._curr and self._curr.token_type != TokenType.R_PAREN:
            if self._match_text_seq("DEFAULT"):
                action = self._parse_disjunction()
            else:
                self._match_text_seq("EMPTY")
                word = next((word for word in words if self._match_text_seq(word)), None)
                action = exp.var(word) if word else self.raise_error("Expecting: 'ON'")
            is_empty = self._match_text_seq("ON", "EMPTY")
            if not is_empty and not self._match_text_seq("ON", "ERROR"):
                self.raise_error("Expecting: 'ON'")
            conditions.set("empty" if is_empty else "error", action)
        return conditions

    def _parameter(self) -> exp.Placeholder:
        place = exp.Placeholder()
        place.meta["parameter_at"] = self._prev.start
        return place


class TrinoQueries(Trino):  # type: ignore[misc]
    """Trino's queries with functions by their names, and array subscripts as they are written."""

    INDEX_OFFSET = 0
    Parser = _Parser

    def tokenize(self, sql: str) -> list[Token]:
        """Split a query into tokens; ``1e0-2`` is three of them, and to sqlglot one."""
        tokens: list[Token] = super().tokenize(sql)
        for at, token in enumerate(tokens):
            number = _DOUBLE.match(token.text) if token.token_type == TokenType.NUMBER else None
            if number is None or number.end() == len(token.text):
                continue
            end = token.start + number.end()
            column = token.col - len(token.text) + number.end()
            double = Token(TokenType.NUMBER, number[0], line=token.line, col=column, start=token.start, end=end - 1)
            rest = self.tokenize(re.sub(r"[^\r\n]", " ", sql[:end]) + sql[end:])
            return [*tokens[:at], double, *rest]
        return tokens


_DIALECT = TrinoQueries()


def parse(query: str) -> exp.Expression:
    """Parse one statement; ``MALFORMED_QUERY`` with the position of an error, or if there is not exactly one."""
    tree = _parse_one(query, TrinoQueries if QUERY.match(query) else "athena")
    if isinstance(tree, exp.Create) and tree.find(exp.Query):
        tree = _parse_one(query, TrinoQueries)
    tree.meta["text"] = query
    return tree


def _parse_one(query: str, read: str | type[TrinoQueries]) -> exp.Expression:
    try:
        if read is TrinoQueries:
            check_tokens(_DIALECT.tokenize(query), query)
        statements = [tree for tree in sqlglot.parse(query, read=read) if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        first = (getattr(error, "errors", None) or [{}])[0]
        place = f"line {first.get('line', 1)}:{first.get('col', 1)}: "
        reason = first.get("description") or str(error).splitlines()[0]
        raise RequestRefusedError(f"{place}mismatched input: {reason}", "MALFORMED_QUERY") from error
    if len(statements) != 1:
        raise RequestRefusedError("Only one sql statement is allowed", "MALFORMED_QUERY")
    tree: exp.Expression = statements[0]
    if read is TrinoQueries:
        check_tree(tree)
    star = next((found for found in tree.find_all(exp.Distinct) if found.expressions[:1] == [exp.Star()]), None)
    if star is not None:
        raise RequestRefusedError("line 1:1: mismatched input '*'. Expecting: <expression>", "MALFORMED_QUERY")
    return tree


def bind(tree: exp.Expression, parameters: list[str]) -> exp.Expression:
    """Replace the question marks by the execution parameters, each a literal as SQL writes it.

    A value that is not a literal (``berlin`` without quotes) is taken as a string.

    Raises
    ------
    QueryFailedError
        ``INVALID_PARAMETER_USAGE`` if the number of parameters differs from the number of question marks.
    """
    # In the order of the text: a traversal visits the WITH of a query after the query.
    places = sorted(tree.find_all(exp.Placeholder), key=lambda place: place.meta.get("parameter_at", 0))
    if len(places) != len(parameters):
        message = f"line 1:1: Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        raise QueryFailedError("INVALID_PARAMETER_USAGE", message)
    for place, text in zip(places, parameters, strict=True):
        place.replace(_literal(text))
    return tree


def _literal(text: str) -> exp.Expression:
    try:
        value = sqlglot.parse_one(text, read=TrinoQueries)
    except sqlglot.errors.SqlglotError:
        return exp.Literal.string(text)
    if value.find(exp.Column, exp.Query, exp.Command):
        return exp.Literal.string(text)
    for leaf in value.walk():
        leaf.meta.clear()
    return value
