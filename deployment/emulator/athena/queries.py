"""Binds the tables of a query to the objects that it has to read, for DuckDB to run it."""

from __future__ import annotations

import functools
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
from ministack.services import s3
from sqlglot import exp

from deployment.emulator.athena import dialect
from deployment.emulator.athena.dialect.relations import columns_of_table
from deployment.emulator.athena.dialect.scopes import Field, Value
from deployment.emulator.athena.dialect.types import DAY_TIME, VARCHAR, YEAR_MONTH, Type, from_hive, quoted
from deployment.emulator.athena.errors import QueryFailedError, ScanLimitReachedError
from deployment.emulator.athena.tables.hive_types import duckdb_type
from deployment.emulator.athena.tables.relations import PATH_COLUMN, create_relation
from deployment.emulator.athena.tables.table import (
    CATALOG,
    Columns,
    Table,
    find_table,
    partitions_of,
    select_partitions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY_LIMIT = "1GB"
THREADS = 2
VIEW_DEPTH_LIMIT = 16
# An error that a macro or function of `dialect.runtime` raises.
RAISED = re.compile(r"(?:convert string '|Error: )([A-Z]+(?:_[A-Z]+)+: .*?)(?:' to INT32|\n|\Z)", re.DOTALL)
OVERFLOW = re.compile(r"Overflow in (\w+) of (INT\d+|DECIMAL\S*) \((\S+) (.) (\S+)\)")
INTEGERS = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint", "INT128": "bigint"}
# DuckDB's messages, with Trino's error and message for each.
ERROR_PATTERNS = (
    (r"Map keys must be unique", "INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed"),
    (r"Map keys can not be NULL", "INVALID_FUNCTION_ARGUMENT", "map key cannot be null"),
    (
        r"map key list does not align with the map value list",
        "INVALID_FUNCTION_ARGUMENT",
        "Key and value arrays must be the same length",
    ),
    (
        r"(\w+) clause cannot contain window functions",
        "EXPRESSION_NOT_SCALAR",
        "{0} clause cannot contain window functions",
    ),
    (
        r"More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    (r"[Oo]ut of range for the destination type INT64", "NUMERIC_VALUE_OUT_OF_RANGE", "bigint addition overflow"),
    (
        r"invalid (?:perl operator|escape sequence): (.*)|bad repetition operator: (.*)",
        "NOT_SUPPORTED",
        "the regular expression is not supported on the laptop: {0}",
    ),
    (r"(missing [\])]|no argument for repetition operator): (.*)", "INVALID_FUNCTION_ARGUMENT", "{0}: {1}"),
    (r"Could not cast value .* to DECIMAL", "NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow"),
)
ERROR_CODES = (
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT"),
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE"),
    (duckdb.BinderException, "NOT_SUPPORTED"),
    (duckdb.ParserException, "SYNTAX_ERROR"),
    (duckdb.InvalidInputException, "HIVE_BAD_DATA"),
)


@dataclass(frozen=True)
class Session:
    """The connection and limits of one query.

    Parameters
    ----------
    connection
        DuckDB, for this query alone.
    database
        The database of names without one.
    scan_limit_bytes
        The bytes that the work group allows to read; None without a limit.
    """

    connection: duckdb.DuckDBPyConnection
    database: str
    scan_limit_bytes: int | None


def connect(scratch: str) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection of its own for one query, with the settings that match Trino's behaviour."""
    connection = _database(scratch).cursor()
    for setting in ("TimeZone = 'UTC'", "default_null_order = 'nulls_last'", "error_on_division_by_zero = false"):
        connection.execute(f"SET {setting}")
    return connection


@functools.cache
def _database(scratch: str) -> duckdb.DuckDBPyConnection:
    """Return the database whose functions all queries share; their tables are temporary, so each has its own."""
    config = {"threads": THREADS, "memory_limit": MEMORY_LIMIT, "temp_directory": scratch}
    database = duckdb.connect(":memory:", config=config)
    dialect.install(database)
    # A query may read objects and no other file of the machine, also through DuckDB's own functions.
    database.execute("SET allowed_directories = $folders", {"folders": [s3.DATA_DIR, scratch]})
    database.execute("SET enable_external_access = false")
    return database


@dataclass(frozen=True)
class Bound:
    """A query in DuckDB's SQL over the relations of a session.

    Parameters
    ----------
    columns
        Name and Trino's type of each column; unnamed ones are ``_col`` and their position.
    """

    sql: str
    columns: list[tuple[str, Type]]
    scanned_bytes: int


def bind_query(session: Session, tree: exp.Expression) -> Bound:
    """Bind a query's tables and compile it to DuckDB's SQL.

    Raises `QueryFailedError` where Trino refuses the query, or if a table, a schema or a location does not exist, and
    `ScanLimitReachedError` if the objects are larger than the session allows.
    """
    binding = _Binding(session, has_path=_has_path(tree))
    compiled = dialect.compile_statement(tree, dialect.Context(tree.root().meta.get("text", ""), binding))
    columns = [(name or f"_col{at}", kind) for at, (name, kind) in enumerate(compiled.columns)]
    return Bound(compiled.sql, columns, binding.scanned_bytes)


def check_named(bound: Bound) -> None:
    """Refuse a query with a column without a name, for a table or view that it creates."""
    for at, (name, _) in enumerate(bound.columns):
        if name == f"_col{at}":
            message = f"line 1:1: Column name not specified at position {at + 1}"
            raise QueryFailedError("MISSING_COLUMN_NAME", message)


def named(bound: Bound) -> str:
    """Return a bound query whose columns have their names; ``DUPLICATE_COLUMN_NAME`` if two have the same."""
    names = [name for name, _ in bound.columns]
    for name in names:
        if names.count(name) > 1:
            raise QueryFailedError("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{name}' specified more than once")
    listed = ", ".join(f"c{at} AS {quoted(name)}" for at, name in enumerate(names))
    return f"SELECT {listed} FROM ({bound.sql}) AS bound"  # noqa: S608 - the names are quoted


def printable(bound: Bound) -> str:
    """Return a bound query whose intervals are text, which Arrow has no single type for."""
    macros = {DAY_TIME: "trino_interval_text", YEAR_MONTH: "trino_months_text"}
    if not any(kind.name in macros for _, kind in bound.columns):
        return bound.sql
    listed = [
        f"{macros[kind.name]}(c{at})" if kind.name in macros else f"c{at}" for at, (_, kind) in enumerate(bound.columns)
    ]
    return f"SELECT {', '.join(listed)} FROM ({bound.sql}) AS bound"  # noqa: S608 - positions only


@dataclass
class _Binding:
    """The tables of one query: each is bound where it is named, and its views are compiled."""

    session: Session
    has_path: bool
    scanned_bytes: int = 0
    depth: int = 0
    database: str = ""
    positions: list[int] = field(default_factory=lambda: [0])

    def relation(self, node: exp.Table, context: dialect.Context) -> dialect.Relation:
        """Bind a table to its objects, or compile a view."""
        try:
            table = _resolve(node, self.database or self.session.database)
        except QueryFailedError as error:
            # The catalogue does not know where the query names the table.
            place = dialect.place_of(node, context.text)
            raise QueryFailedError(error.code, place + str(error).partition("line 1:1")[2]) from error
        qualifier = (CATALOG, table.database, table.name)
        if table.view is not None:
            return self._view(table.view, node, qualifier, context)
        selected = select_partitions(
            table, partitions_of(table), list(_conditions_on(node, table, context)), self.session.connection
        )
        for partition in selected:
            for stored in partition.files:
                self.scanned_bytes += stored.size
                limit = self.session.scan_limit_bytes
                if limit is not None and self.scanned_bytes > limit:
                    raise ScanLimitReachedError(self.scanned_bytes)
        self.positions[0] += 1
        bound, alias = f"bound_{self.positions[0]}", context.next_name()
        with translated_errors():
            create_relation(self.session.connection, bound, table, selected, has_path=self.has_path)
        columns = [(name, from_hive(kind)) for name, kind in [*table.columns, *table.keys]]
        fields = columns_of_table(alias, columns, qualifier)
        if self.has_path:
            fields = (
                *fields,
                Field(PATH_COLUMN, Value(f"{alias}.{quoted(PATH_COLUMN)}", VARCHAR), qualifier, hidden=True),
            )
        return dialect.Relation(f"{bound} AS {alias}", fields)

    def is_failing(self, sql: str) -> bool:
        """Return whether a constant expression raises an error."""
        try:
            self.session.connection.execute(f"SELECT {sql}").fetchall()
        except duckdb.Error:
            return True
        return False

    def _view(
        self, view: tuple[str, str], node: exp.Table, qualifier: tuple[str, ...], context: dialect.Context
    ) -> dialect.Relation:
        sql, schema = view
        if self.depth == VIEW_DEPTH_LIMIT:
            raise QueryFailedError("INVALID_VIEW", f"View {node.name} is defined by itself")
        tree = dialect.parse(sql)
        inner = _Binding(
            self.session, _has_path(tree), self.scanned_bytes, self.depth + 1, schema, positions=self.positions
        )
        try:
            compiled = dialect.compile_statement(tree, dialect.Context(sql, inner, context.names))
        except QueryFailedError as error:
            message = f"line 1:1: Failed analyzing stored view '{'.'.join(qualifier)}': {str(error).partition(': ')[2]}"
            raise QueryFailedError("INVALID_VIEW", message) from error
        self.scanned_bytes = inner.scanned_bytes
        alias = context.next_name()
        fields = [
            Field(name or f"_col{at}", Value(f"{alias}.c{at}", kind), qualifier)
            for at, (name, kind) in enumerate(compiled.columns)
        ]
        return dialect.Relation(f"({compiled.sql}) AS {alias}", tuple(fields))


@contextmanager
def translated_errors() -> Iterator[None]:
    """Translate DuckDB's errors to Trino's.

    Raises
    ------
    QueryFailedError
        In place of DuckDB's error; an interruption is not translated.
    """
    try:
        yield
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise _translated(str(error), type(error)) from error


def _translated(text: str, kind: type[duckdb.Error]) -> QueryFailedError:
    if raised := RAISED.search(text):
        code, _, message = raised[1].partition(": ")
        return QueryFailedError(code, message)
    if overflow := OVERFLOW.search(text):
        name = INTEGERS.get(overflow[2], "decimal")
        operands = f"{overflow[3]} {overflow[4]} {overflow[5]}"
        return QueryFailedError("NUMERIC_VALUE_OUT_OF_RANGE", f"{name} {overflow[1]} overflow: {operands}")
    for pattern, code, message in ERROR_PATTERNS:
        if match := re.search(pattern, text):
            return QueryFailedError(code, message.format(*match.groups()))
    code = next((code for parent, code in ERROR_CODES if issubclass(kind, parent)), "GENERIC_INTERNAL_ERROR")
    return QueryFailedError(code, text.splitlines()[0])


def casts(declared: Columns, sources: dict[str, str]) -> str:
    """Return the columns of a table as a SELECT list, each cast to its type; columns without a source are null."""
    return ", ".join(f'CAST({sources.get(name, "NULL")} AS {duckdb_type(kind)}) AS "{name}"' for name, kind in declared)


def _resolve(node: exp.Table, database: str) -> Table:
    if node.catalog and node.catalog.lower() not in {CATALOG, "awsdatacatalog"}:
        raise QueryFailedError("CATALOG_NOT_FOUND", f"line 1:1: Catalog '{node.catalog}' does not exist")
    return find_table(node.db or database, node.name)


def _has_path(tree: exp.Expression) -> bool:
    return any(column.name == PATH_COLUMN for column in tree.find_all(exp.Column))


def _conditions_on(node: exp.Table, table: Table, context: dialect.Context) -> Iterator[str]:
    """Yield the conditions of the query's WHERE on a table's partition columns alone, in DuckDB's SQL."""
    select = node.find_ancestor(exp.Select)
    where = select.args.get("where") if select is not None else None
    if select is None or where is None or not table.keys or not _keeps_only_matches(node, select):
        return
    keys, alias = {name for name, _ in table.keys}, node.alias_or_name.lower()
    is_alone = not select.args.get("joins")
    scope = dialect.Scope(
        context, tuple(Field(name, Value(quoted(name), from_hive(kind)), (alias,)) for name, kind in table.keys)
    )
    for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        columns = list(condition.find_all(exp.Column))
        if not columns or condition.find(exp.Query):
            continue
        if all(
            column.name.lower() in keys and (column.table.lower() == alias or (not column.table and is_alone))
            for column in columns
        ):
            yield dialect.value_of(condition, scope).sql


def _keeps_only_matches(node: exp.Table, select: exp.Select) -> bool:
    """Return whether WHERE filters the table's own rows, and not the nulls that an outer join adds."""
    sides = [join.side for join in select.args.get("joins") or []]
    own = node.parent.side if isinstance(node.parent, exp.Join) else ""
    return "RIGHT" not in sides and "FULL" not in sides and own != "LEFT"
