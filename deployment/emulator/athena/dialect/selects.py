"""Queries: SELECT, set operations, VALUES and WITH, with the rules on grouping and on names.

https://trino.io/docs/current/sql/select.html; the errors are those of Trino's StatementAnalyzer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from deployment.emulator.athena.dialect.calls import check_orderable, direction, is_aggregate, orderable
from deployment.emulator.athena.dialect.casts import coerce
from deployment.emulator.athena.dialect.relations import from_clause, values
from deployment.emulator.athena.dialect.scopes import (
    HANDLERS,
    Compiled,
    Context,
    Field,
    Relation,
    Scope,
    Value,
    refusal,
    value_of,
)
from deployment.emulator.athena.dialect.types import BOOLEAN, Type, common_type

if TYPE_CHECKING:
    from collections.abc import Iterator

SET_OPERATIONS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


@dataclass(frozen=True)
class _Item:
    name: str | None
    value: Value


def compile_statement(tree: exp.Expression, context: Context) -> Compiled:
    """Compile a whole query."""
    return compile_query(tree, Scope(context))


def compile_query(node: exp.Expression, outer: Scope) -> Compiled:
    """Compile a query, which may use the names of the scope around it."""
    with_ = node.args.get("with_")
    prefix = ""
    if with_ is not None:
        outer, prefix = _common_tables(with_, outer)
    if isinstance(node, exp.Select):
        compiled = _select(node, outer)
    elif type(node) in SET_OPERATIONS:
        compiled = _set_operation(node, outer)
    elif isinstance(node, exp.Values):
        text, kinds = values(node, outer)
        compiled = _named(
            f"({text})", [(f"_col{at}", kind) for at, kind in enumerate(kinds)], outer, is_positional=True
        )
    elif isinstance(node, exp.Subquery):
        compiled = compile_query(node.this, outer)
        if any(node.args.get(name) for name in ("order", "limit", "offset")):
            compiled = _limited(compiled, node, outer)
    else:
        raise refusal("NOT_SUPPORTED", f"{node.sql(dialect='trino')} is not supported on the laptop", node, outer)
    return replace(compiled, sql=prefix + compiled.sql)


def _named(sql: str, columns: list[tuple[str | None, Type]], outer: Scope, *, is_positional: bool = False) -> Compiled:
    """Name the columns of a query by their positions."""
    name = outer.context.next_name()
    listed = ", ".join(f"c{at}" for at in range(len(columns)))
    suffix = f"({listed})" if is_positional else ""
    return Compiled(f"SELECT {listed} FROM {sql} AS {name}{suffix}", tuple(columns))


def _common_tables(node: exp.With, outer: Scope) -> tuple[Scope, str]:
    tables: dict[str, Relation] = {}
    scope = Scope(outer.context, parent=outer)
    texts = []
    for entry in node.expressions:
        scope = replace(scope, common_tables=dict(tables))
        name = entry.alias.lower()
        given = [column.name.lower() for column in entry.args["alias"].args.get("columns") or []]
        internal = outer.context.next_name()
        if node.recursive and isinstance(entry.this, exp.Union):
            anchor = compile_query(entry.this.this, scope)
            known = {**tables, name: _common_relation(internal, given, anchor)}
            compiled = compile_query(entry.this, replace(scope, common_tables=known))
        else:
            compiled = compile_query(entry.this, scope)
        if given and len(given) != len(compiled.columns):
            message = (
                f"Column alias list has {len(given)} entries but '{name}' has {len(compiled.columns)} columns available"
            )
            raise refusal("MISMATCHED_COLUMN_ALIASES", message, entry, outer)
        tables[name] = _common_relation(internal, given, compiled)
        columns = ", ".join(f"c{at}" for at in range(len(compiled.columns)))
        texts.append(f"{internal}({columns}) AS ({compiled.sql})")
    word = "WITH RECURSIVE" if node.recursive else "WITH"
    return replace(scope, common_tables=tables), f"{word} {', '.join(texts)} "


def _common_relation(internal: str, given: list[str], compiled: Compiled) -> Relation:
    names: list[str | None] = [*given] or [name for name, _ in compiled.columns]
    pairs = zip(names, compiled.columns, strict=True)
    return Relation(internal, tuple(Field(name, Value(f"c{at}", kind)) for at, (name, (_, kind)) in enumerate(pairs)))


def _select(node: exp.Select, outer: Scope) -> Compiled:
    source = from_clause(node, outer, compile_query)
    windows = {window.name.lower(): window for window in node.args.get("windows") or []}
    plain = Scope(outer.context, source.fields, outer, windows=windows)
    where = node.args.get("where")
    clauses = [f" FROM {source.sql}"] if source.sql else []
    if where is not None:
        clauses.append(f" WHERE {_condition(where.this, 'WHERE clause', plain)}")
    scope, grouped = _grouping(node, plain)
    if grouped:
        clauses.append(f" GROUP BY {grouped}")
    items = [item for entry in node.expressions for item in _items(entry, scope, source)]
    if node.args.get("having") is not None:
        clauses.append(f" HAVING {_condition(node.args['having'].this, 'HAVING clause', scope)}")
    if node.args.get("qualify") is not None:
        raise refusal("SYNTAX_ERROR", "mismatched input 'QUALIFY'", node, outer)
    is_distinct = node.args.get("distinct") is not None
    if is_distinct and node.args["distinct"].args.get("on") is not None:
        raise refusal("SYNTAX_ERROR", "mismatched input 'ON'", node, outer)
    order = node.args.get("order")
    if order is not None:
        keys = _order(order.expressions, items, scope, is_distinct=is_distinct)
        clauses.extend([f" ORDER BY {', '.join(keys)}"] if keys else [])
    clauses.append(_limit(node, outer))
    listed = ", ".join(f"{_constant(item.value)} AS c{at}" for at, item in enumerate(items))
    columns = tuple((item.name, item.value.type) for item in items)
    return Compiled(f"SELECT {'DISTINCT ' if is_distinct else ''}{listed}{''.join(clauses)}", columns)


def _constant(value: Value) -> str:
    return "CAST(NULL AS INTEGER)" if value.sql == "NULL" else value.sql


def _condition(node: exp.Expression, clause: str, scope: Scope) -> str:
    value = value_of(node, scope)
    if value.type.name not in {"boolean", "unknown"}:
        raise refusal("TYPE_MISMATCH", f"{clause} must evaluate to a boolean: actual type {value.type}", node, scope)
    return coerce(value, BOOLEAN)


def _items(entry: exp.Expression, scope: Scope, source: Relation) -> Iterator[_Item]:
    """Yield the columns of an entry of SELECT, several for a star."""
    if isinstance(entry, exp.Star) or (isinstance(entry, exp.Column) and isinstance(entry.this, exp.Star)):
        yield from _star(entry, scope, source)
        return
    inner = entry.this if isinstance(entry, exp.Alias) else entry
    value = value_of(inner, scope)
    if isinstance(entry, exp.Alias):
        yield _Item(entry.alias.lower(), value)
    elif isinstance(inner, exp.Column | exp.Dot):
        yield _Item((inner.name if isinstance(inner, exp.Column) else inner.expression.name).lower(), value)
    else:
        yield _Item(None, value)


def _star(entry: exp.Expression, scope: Scope, source: Relation) -> Iterator[_Item]:
    qualifier = tuple(part.name.lower() for part in entry.parts[:-1]) if isinstance(entry, exp.Column) else ()
    shown = [
        field
        for field in source.fields
        if not field.hidden and (not qualifier or field.qualifier[-len(qualifier) :] == qualifier)
    ]
    if not shown:
        message = (
            f"Unable to resolve reference {'.'.join(qualifier)}"
            if qualifier
            else "SELECT * not allowed in queries without FROM clause"
        )
        raise refusal("TABLE_NOT_FOUND" if qualifier else "COLUMN_NOT_FOUND", message, entry, scope)
    for field in shown:
        if scope.keys is not None and field.value.sql not in scope.keys:
            message = f"Column '{field.name}' not in GROUP BY clause"
            raise refusal("EXPRESSION_NOT_AGGREGATE", message, entry, scope)
        yield _Item(field.name, field.value)


def _grouping(node: exp.Select, plain: Scope) -> tuple[Scope, str]:
    """Return the scope after grouping, and GROUP BY in DuckDB's SQL; empty without one."""
    group = node.args.get("group")
    searched = [*node.expressions, node.args.get("having"), node.args.get("order")]
    has_aggregates = any(is_aggregate(found) for part in searched if part is not None for found in _own_nodes(part))
    if group is None and not has_aggregates and node.args.get("having") is None:
        return plain, ""
    keys: dict[str, None] = {}
    texts = [_group_element(element, node, plain, keys) for element in (group.expressions if group else [])]
    scope = replace(plain, keys=frozenset(keys), allows_aggregates=True)
    return scope, ", ".join(text for text in texts if text)


def _own_nodes(node: exp.Expression) -> Iterator[exp.Expression]:
    yield from node.walk(prune=lambda found: isinstance(found, exp.Query))


def _group_element(element: exp.Expression, node: exp.Select, plain: Scope, keys: dict[str, None]) -> str:
    if isinstance(element, exp.GroupingSets | exp.Rollup | exp.Cube):
        word = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}[type(element)]
        return f"{word} ({', '.join(_group_element(part, node, plain, keys) or '()' for part in element.expressions)})"
    if isinstance(element, exp.Tuple):
        return f"({', '.join(_group_element(part, node, plain, keys) for part in element.expressions)})"
    if isinstance(element, exp.Paren):
        return _group_element(element.this, node, plain, keys)
    if isinstance(element, exp.Literal) and not element.is_string:
        position = int(element.name)
        if not 0 < position <= len(node.expressions):
            raise refusal(
                "INVALID_COLUMN_REFERENCE", f"GROUP BY position {position} is not in select list", element, plain
            )
        element = node.expressions[position - 1]
        element = element.this if isinstance(element, exp.Alias) else element
    value = value_of(element, plain)
    keys[value.sql] = None
    return f"CAST({value.sql} AS INTEGER)" if value.sql.isdecimal() else value.sql


def _order(entries: list[exp.Expression], items: list[_Item], scope: Scope, *, is_distinct: bool) -> list[str]:
    keys = []
    for entry in entries:
        text = _order_key(entry.this, items, scope)
        if is_distinct and not text.isdecimal():
            message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
            raise refusal("EXPRESSION_NOT_IN_DISTINCT", message, entry.this, scope)
        keys.append(f"{text}{direction(entry)}")
    return keys


def _order_key(node: exp.Expression, items: list[_Item], scope: Scope) -> str:
    """Return a sort key: the position of a column of SELECT, or an expression over the columns of FROM."""
    if isinstance(node, exp.Literal) and not node.is_string:
        position = int(node.name)
        if not 0 < position <= len(items):
            raise refusal(
                "INVALID_COLUMN_REFERENCE", f"ORDER BY position {position} is not in select list", node, scope
            )
        return str(position)
    if isinstance(node, exp.Column) and not node.table:
        named = [at for at, item in enumerate(items, start=1) if item.name == node.name.lower()]
        if len({items[at - 1].value.sql for at in named}) > 1:
            raise refusal("AMBIGUOUS_NAME", f"Column '{node.name.lower()}' is ambiguous", node, scope)
        if named:
            check_orderable(items[named[0] - 1].value.type, node, scope)
            return str(named[0])
    value = orderable(node, replace(scope, outputs=tuple(Field(item.name, item.value) for item in items)))
    same = [at for at, item in enumerate(items, start=1) if item.value.sql == value.sql]
    return str(same[0]) if same else value.sql


def _limit(node: exp.Expression, outer: Scope) -> str:
    text = ""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
            raise refusal("NOT_SUPPORTED", "FETCH FIRST WITH TIES is not supported on the laptop", limit, outer)
        count = limit.args.get("count")
        text += f" LIMIT {count.name if count is not None else 1}"
    elif limit is not None and limit.expression.name.upper() != "ALL":
        text += f" LIMIT {_count(limit.expression, outer)}"
    if offset is not None:
        text += f" OFFSET {_count(offset.expression, outer)}"
    return text


def _count(node: exp.Expression, outer: Scope) -> str:
    if not isinstance(node, exp.Literal) or not node.name.isdecimal() or node.is_string:
        raise refusal("SYNTAX_ERROR", f"mismatched input '{node.sql()}'. Expecting: <integer>", node, outer)
    return str(node.name)


def _set_operation(node: exp.SetOperation, outer: Scope) -> Compiled:
    word = SET_OPERATIONS[type(node)]
    sides = [compile_query(side, outer) for side in (node.this, node.expression)]
    left, right = (side.columns for side in sides)
    if len(left) != len(right):
        message = f"{word} query has different number of fields: {len(left)}, {len(right)}"
        raise refusal("TYPE_MISMATCH", message, node.this, outer)
    columns = []
    for at, ((name, mine), (_, other)) in enumerate(zip(left, right, strict=True), start=1):
        kind = common_type(mine, other)
        if kind is None:
            message = f"column {at} in {word} query has incompatible types: {mine}, {other}"
            raise refusal("TYPE_MISMATCH", message, node.this, outer)
        columns.append((name, kind))
    texts = [_as_types(side, columns, outer) for side in sides]
    every = "" if node.args.get("distinct") else " ALL"
    compiled = Compiled(f"({texts[0]}) {word}{every} ({texts[1]})", tuple(columns))
    if any(node.args.get(name) for name in ("order", "limit", "offset")):
        compiled = _limited(compiled, node, outer)
    return compiled


def _as_types(side: Compiled, columns: list[tuple[str | None, Type]], outer: Scope) -> str:
    name = outer.context.next_name()
    pairs = zip(side.columns, columns, strict=True)
    texts = [coerce(Value(f"{name}.c{at}", mine), kind) for at, ((_, mine), (_, kind)) in enumerate(pairs)]
    if all(text == f"{name}.c{at}" for at, text in enumerate(texts)):
        return side.sql
    return f"SELECT {', '.join(f'{text} AS c{at}' for at, text in enumerate(texts))} FROM ({side.sql}) AS {name}"


def _limited(compiled: Compiled, node: exp.Expression, outer: Scope) -> Compiled:
    """Apply the ORDER BY and LIMIT of a set operation or of a query in parentheses."""
    name = outer.context.next_name()
    items = [_Item(column, Value(f"{name}.c{at}", kind)) for at, (column, kind) in enumerate(compiled.columns)]
    fields = tuple(Field(item.name, item.value) for item in items)
    order = node.args.get("order")
    keys = _order(order.expressions, items, Scope(outer.context, fields, outer), is_distinct=False) if order else []
    listed = ", ".join(f"{name}.c{at}" for at in range(len(items)))
    ordered = f" ORDER BY {', '.join(keys)}" if keys else ""
    return replace(compiled, sql=f"SELECT {listed} FROM ({compiled.sql}) AS {name}{ordered}{_limit(node, outer)}")


def _scalar_subquery(node: exp.Subquery, scope: Scope) -> Value:
    compiled = compile_query(node, scope)
    if len(compiled.columns) != 1:
        message = f"Multiple columns returned by subquery are not yet supported. Found {len(compiled.columns)}"
        raise refusal("NOT_SUPPORTED", message, node, scope)
    return Value(f"({compiled.sql})", compiled.columns[0][1])


def _exists(node: exp.Exists, scope: Scope) -> Value:
    return Value(f"EXISTS ({compile_query(node.this, scope).sql})", BOOLEAN)


HANDLERS.update({exp.Exists: _exists, exp.Subquery: _scalar_subquery})
