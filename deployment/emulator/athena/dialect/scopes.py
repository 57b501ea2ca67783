"""The names that an expression can use, and the compilation of an expression to DuckDB's SQL with its Trino type."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp

from deployment.emulator.athena.errors import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.athena.dialect.types import Type

# Casts and VALUES have no position of their own: the keyword before the first value.
_KEYWORD = re.compile(r"(?:(?:TRY_)?CAST\s*\(\s*(?:\w+\s*)?|VALUES[\s(]*)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Value:
    """An expression in DuckDB's SQL and its type in Trino."""

    sql: str
    type: Type


@dataclass(frozen=True)
class Field:
    """A column of a relation.

    Parameters
    ----------
    qualifier
        The names that may stand before the column's: of its catalogue, database and table, or its alias.
    hidden
        Whether ``*`` leaves it out.
    """

    name: str | None
    value: Value
    qualifier: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True)
class Relation:
    """An entry of FROM in DuckDB's SQL, with its columns."""

    sql: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Compiled:
    """A query in DuckDB's SQL, whose columns are c0, c1 …, with the names and types that they have in Trino."""

    sql: str
    columns: tuple[tuple[str | None, Type], ...]


class Tables(Protocol):
    """The tables and views of the catalogue, as one query sees them."""

    def relation(self, node: exp.Table, context: Context) -> Relation:
        """Bind a table or view of the catalogue."""

    def is_failing(self, sql: str) -> bool:
        """Return whether a constant expression of DuckDB raises an error."""


@dataclass
class Context:
    """One statement: its text, and the tables that it may name.

    Parameters
    ----------
    text
        The text that the positions of errors refer to.
    names
        The counter of the names of relations, which views share with the statement.
    """

    text: str
    tables: Tables
    names: list[int] = field(default_factory=lambda: [0])

    def next_name(self) -> str:
        """Return a name that no other relation has."""
        self.names[0] += 1
        return f"r{self.names[0]}"


@dataclass(frozen=True)
class Scope:
    """The names that are visible at a place of a query.

    Parameters
    ----------
    parent
        The scope of the query around this one, for correlated names.
    variables
        The arguments of lambda expressions.
    keys
        DuckDB's SQL of the expressions of GROUP BY, if only these and aggregates may be used; else None.
    common_tables
        The names of WITH, with their columns.
    outputs
        The columns of SELECT, which ORDER BY sees before those of FROM.
    """

    context: Context
    fields: tuple[Field, ...] = ()
    parent: Scope | None = None
    variables: dict[str, Value] = field(default_factory=dict)
    keys: frozenset[str] | None = None
    common_tables: dict[str, Relation] = field(default_factory=dict)
    outputs: tuple[Field, ...] = ()
    windows: dict[str, exp.Expression] = field(default_factory=dict)
    allows_aggregates: bool = False
    is_inside_aggregate: bool = False

    def ungrouped(self) -> Scope:
        """Return the scope inside of an aggregate, where every column may be used."""
        return replace(self, keys=None)

    def variable_name(self) -> str:
        """Return the name of a variable in DuckDB's SQL that the lambda expressions around do not have."""
        depth = 0
        level: Scope | None = self
        while level is not None:
            depth, level = depth + bool(level.variables), level.parent
        return f"v{depth}_"

    def common_table(self, name: str) -> Relation | None:
        """Return the columns of a name of WITH."""
        found = self.common_tables.get(name.lower())
        return found if found is not None or self.parent is None else self.parent.common_table(name)


HANDLERS: dict[type[exp.Expression], Callable[[Any, Scope], Value]] = {}


def value_of(node: exp.Expression, scope: Scope) -> Value:
    """Compile an expression; `QueryFailedError` where Trino refuses it."""
    handler = HANDLERS.get(type(node))
    if handler is None:
        raise refusal("NOT_SUPPORTED", f"{node.sql(dialect='trino')} is not supported on the laptop", node, scope)
    if scope.keys and not isinstance(node, exp.Literal):
        plain = handler(node, scope.ungrouped())
        if plain.sql in scope.keys:
            return plain
    return handler(node, scope)


def resolve(names: list[str], node: exp.Expression, scope: Scope) -> tuple[Value, int]:
    """Return the column that a dotted name begins with, and how many of the names it takes; the rest are fields.

    Raises `QueryFailedError` with ``COLUMN_NOT_FOUND``, ``AMBIGUOUS_NAME`` or, for a column that is neither grouped
    nor aggregated, ``EXPRESSION_NOT_AGGREGATE``.
    """
    level: Scope | None = scope
    while level is not None:
        if names[0] in level.variables:
            return level.variables[names[0]], 1
        outputs = {entry.value.sql: entry.value for entry in level.outputs if entry.name == names[0]}
        if len(outputs) > 1:
            raise refusal("AMBIGUOUS_NAME", f"Column '{names[0]}' is ambiguous", node, scope)
        if outputs and level.is_inside_aggregate:
            message = "Invalid reference to output projection attribute from ORDER BY aggregation"
            raise refusal("COLUMN_NOT_FOUND", message, node, scope)
        if outputs:
            return next(iter(outputs.values())), 1
        for taken in range(len(names), 0, -1):
            found = [entry for entry in level.fields if _matches(entry, names[:taken])]
            if len(found) > 1:
                raise refusal("AMBIGUOUS_NAME", f"Column '{'.'.join(names[:taken])}' is ambiguous", node, scope)
            if found:
                value = found[0].value
                if level.keys is not None and value.sql not in level.keys:
                    message = f"'{'.'.join(names)}' must be an aggregate expression or appear in GROUP BY clause"
                    raise refusal("EXPRESSION_NOT_AGGREGATE", message, node, scope)
                return value, taken
        level = level.parent
    message = (
        f"Column '{'.'.join(names)}' cannot be resolved or requester is not authorized to access requested resources"
    )
    raise refusal("COLUMN_NOT_FOUND", message, node, scope)


def refusal(code: str, message: str, node: exp.Expression | None, scope: Scope | Context) -> QueryFailedError:
    """Return Trino's error with the position of a node."""
    context = scope.context if isinstance(scope, Scope) else scope
    return QueryFailedError(code, f"{place_of(node, context.text)}: {message}")


def place_of(node: exp.Expression | None, text: str) -> str:
    """Return the position of a node as ``line 1:8``; of an operator where it stands, of a relation where it begins."""
    if node is None:
        return "line 1:1"
    if isinstance(node, exp.Between | exp.In) or (isinstance(node, exp.Binary) and not isinstance(node, exp.Dot)):
        start = _after(node.this, node.args.get("expression"), text)
    else:
        start = min((leaf.meta["start"] for leaf in node.walk() if "start" in leaf.meta), default=0)
        keyword = _KEYWORD.search(text[:start]) if isinstance(node, exp.Cast | exp.Values) else None
        start = keyword.start() if keyword else start
    return f"line {text.count(chr(10), 0, start) + 1}:{start - text.rfind(chr(10), 0, start)}"


def _after(left: exp.Expression, right: exp.Expression | None, text: str) -> int:
    """Return where the operator between two operands begins; keywords such as TRUE have no position of their own."""
    end = max((leaf.meta["end"] for leaf in left.walk() if "end" in leaf.meta), default=-1) + 1
    if not end and right is not None:
        start = min((leaf.meta["start"] for leaf in right.walk() if "start" in leaf.meta), default=0)
        before = text[:start].rstrip().rstrip("(").rstrip()
        return len(before) - len(before[len(before.rstrip("<>=!|+-*/%")) :])
    while end < len(text) and (text[end].isspace() or text[end] in ")]"):
        end += 1
    return end if end < len(text) else 0


def _matches(entry: Field, names: list[str]) -> bool:
    *qualifier, name = names
    return entry.name == name and (not qualifier or entry.qualifier[-len(qualifier) :] == tuple(qualifier))
