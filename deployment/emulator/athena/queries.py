"""Binds the tables of a SELECT to the objects that it has to read, for DuckDB to run it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
from ministack.services import s3
from sqlglot import exp

from deployment.emulator.athena import dialect
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
UNKNOWN_COLUMN = "Column '{0}' cannot be resolved or requester is not authorized to access requested resources"
NOT_GROUPED = "'{0}' must be an aggregate expression or appear in GROUP BY clause"
# DuckDB's messages, with Trino's error and message for each.
ERROR_PATTERNS = (
    (r'Referenced column "([^"]+)"', "COLUMN_NOT_FOUND", UNKNOWN_COLUMN),
    (r'does not have a column named "([^"]+)"', "COLUMN_NOT_FOUND", UNKNOWN_COLUMN),
    (r"Function with name (\w+) does not exist", "FUNCTION_NOT_FOUND", "Function '{0}' not registered"),
    (r"given name and argument types '(\w+)", "FUNCTION_NOT_FOUND", "Unexpected parameters for function {0}"),
    (r'column "([^"]+)" must appear in the GROUP BY', "EXPRESSION_NOT_AGGREGATE", NOT_GROUPED),
    (r'Ambiguous reference to column name "([^"]+)"', "AMBIGUOUS_NAME", "Column '{0}' is ambiguous"),
)  # fmt: skip
ERROR_CODES = (
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT"),
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE"),
    (duckdb.BinderException, "TYPE_MISMATCH"),
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
    """Return a DuckDB connection with the settings that match Trino's behaviour."""
    config = {"threads": THREADS, "memory_limit": MEMORY_LIMIT, "temp_directory": scratch}
    connection = duckdb.connect(":memory:", config=config)
    for setting in ("TimeZone = 'UTC'", "integer_division = true", "default_null_order = 'nulls_last'"):
        connection.execute(f"SET {setting}")
    for macro in dialect.MACROS:
        connection.execute(macro)
    # A query may read objects and no other file of the machine, also through DuckDB's own functions.
    connection.execute("SET allowed_directories = $folders", {"folders": [s3.DATA_DIR, scratch]})
    connection.execute("SET enable_external_access = false")
    return connection


def bind_query(session: Session, tree: exp.Expression) -> tuple[str, int]:
    """Bind a query's tables, and return it in DuckDB's SQL with the number of bytes that it reads.

    Raises `QueryFailedError` if a table, a schema or a location does not exist, and `ScanLimitReachedError` if the
    objects are larger than the session allows.
    """
    tree = dialect.name_columns(_inline_views(tree.copy(), session.database))
    scanned = 0
    has_path = any(column.name == PATH_COLUMN for column in tree.find_all(exp.Column))
    for position, node in enumerate(list(_tables_in(tree))):
        table = _resolve(node, session.database)
        selected = select_partitions(table, partitions_of(table), list(_conditions_on(node, table)))
        for partition in selected:
            for stored in partition.files:
                scanned += stored.size
                if session.scan_limit_bytes is not None and scanned > session.scan_limit_bytes:
                    raise ScanLimitReachedError(scanned)
        name = f"bound_{position}"
        with translated_errors(node.sql()):
            create_relation(session.connection, name, table, selected, has_path=has_path)
        bound = exp.to_table(name, alias=node.alias_or_name)
        if node.args.get("sample"):
            bound.set("sample", node.args["sample"].copy())
        node.replace(bound)
    return dialect.to_duckdb(tree), scanned


@contextmanager
def translated_errors(query: str) -> Iterator[None]:
    """Translate DuckDB's errors to Trino's.

    Parameters
    ----------
    query
        The query's text, for the position of a name.

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
        raise _translated(query, error) from error


def _translated(query: str, error: duckdb.Error) -> QueryFailedError:
    for pattern, code, message in ERROR_PATTERNS:
        if match := re.search(pattern, str(error)):
            return QueryFailedError(code, f"{place_of(query, match[1])}: {message.format(match[1])}")
    code = next((code for kind, code in ERROR_CODES if isinstance(error, kind)), "GENERIC_INTERNAL_ERROR")
    return QueryFailedError(code, str(error).splitlines()[0])


def casts(declared: Columns, sources: dict[str, str]) -> str:
    """Return the columns of a table as a SELECT list, each cast to its type; columns without a source are null."""
    return ", ".join(f'CAST({sources.get(name, "NULL")} AS {duckdb_type(kind)}) AS "{name}"' for name, kind in declared)


def place_of(query: str, name: str) -> str:
    """Return the position of a name in a query, as ``line 1:8``."""
    match = re.search(rf"\b{re.escape(name)}\b", query, re.IGNORECASE)
    before = query[: match.start()] if match else ""
    return f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def _resolve(node: exp.Table, database: str) -> Table:
    if node.catalog and node.catalog.lower() not in {CATALOG, "awsdatacatalog"}:
        raise QueryFailedError("CATALOG_NOT_FOUND", f"line 1:1: Catalog '{node.catalog}' does not exist")
    return find_table(node.db or database, node.name)


def _inline_views(tree: exp.Expression, database: str, depth: int = 0) -> exp.Expression:
    for node in list(_tables_in(tree)):
        view = _resolve(node, database).view
        if view is None:
            continue
        if depth == VIEW_DEPTH_LIMIT:
            raise QueryFailedError("INVALID_VIEW", f"View {node.name} is defined by itself")
        sql, schema = view
        inner = _inline_views(dialect.parse(sql), schema, depth + 1)
        for table in _tables_in(inner):
            table.set("db", exp.to_identifier(table.db or schema))
        node.replace(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(node.alias_or_name))))
    return tree


def _tables_in(tree: exp.Expression) -> Iterator[exp.Table]:
    """Yield the tables of the catalogue that a query names, without the names of its WITH."""
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Identifier) and (node.db or node.name.lower() not in _visible_names(node)):
            yield node


def _visible_names(node: exp.Expression) -> set[str]:
    names: set[str] = set()
    inside: exp.Expression = node
    while inside.parent is not None:
        outer = inside.parent
        with_ = outer.args.get("with_")
        if with_ is not None and with_ is not inside:
            names |= {cte.alias.lower() for cte in with_.expressions}
        if isinstance(outer, exp.With):
            # A name of a WITH may refer to those before it, and to itself only when the WITH is recursive.
            for cte in outer.expressions:
                if cte is inside and not outer.recursive:
                    break
                names.add(cte.alias.lower())
        inside = outer
    return names


def _conditions_on(node: exp.Table, table: Table) -> Iterator[str]:
    """Yield the conditions of the query's WHERE on a table's partition columns alone, in DuckDB's SQL."""
    select = node.find_ancestor(exp.Select)
    where = select.args.get("where") if select is not None else None
    if select is None or where is None or not table.keys or not _keeps_only_matches(node, select):
        return
    keys, alias = {name for name, _ in table.keys}, node.alias_or_name.lower()
    is_alone = not select.args.get("joins")
    for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        columns = list(condition.find_all(exp.Column))
        if not columns or condition.find(exp.Query):
            continue
        if all(
            column.name.lower() in keys and (column.table.lower() == alias or (not column.table and is_alone))
            for column in columns
        ):
            bare = condition.copy().transform(_without_table)
            yield dialect.to_duckdb(bare)


def _keeps_only_matches(node: exp.Table, select: exp.Select) -> bool:
    """Return whether WHERE filters the table's own rows, and not the nulls that an outer join adds."""
    sides = [join.side for join in select.args.get("joins") or []]
    own = node.parent.side if isinstance(node.parent, exp.Join) else ""
    return "RIGHT" not in sides and "FULL" not in sides and own != "LEFT"


def _without_table(node: exp.Expression) -> exp.Expression:
    return exp.column(node.this.copy()) if isinstance(node, exp.Column) and node.table else node
