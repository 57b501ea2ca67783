"""The FROM of a query: tables, subqueries, joins, UNNEST and VALUES in DuckDB's SQL, with their columns.

https://trino.io/docs/current/sql/select.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from deployment.emulator.athena.dialect.casts import coerce, member
from deployment.emulator.athena.dialect.operators import boolean, compare
from deployment.emulator.athena.dialect.scopes import Field, Relation, Scope, Value, refusal, value_of
from deployment.emulator.athena.dialect.types import BIGINT, Type, common_type, quoted, row_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.athena.dialect.scopes import Compiled

    Compile = Callable[[exp.Expression, Scope], Compiled]


def from_clause(node: exp.Select, outer: Scope, compile_query: Compile) -> Relation:
    """Compile FROM with its joins; a query without FROM has no columns."""
    source = node.args.get("from_")
    if source is None:
        return Relation("", ())
    return _with_joins(source.this, node.args.get("joins") or [], outer, compile_query)


def values(node: exp.Values, outer: Scope) -> tuple[str, list[Type]]:
    """Compile VALUES, whose rows have the types of each column in common."""
    rows = [_cells(entry, outer) for entry in node.expressions]
    kinds_of = [row_of([value.type for value in row]) for row in rows]
    other = next((kind for kind in kinds_of if common_type(kinds_of[0], kind) is None), None)
    if other is not None:
        message = f"Values rows have mismatched types: {kinds_of[0]} vs {other}"
        raise refusal("TYPE_MISMATCH", message, node, outer)
    kinds: list[Type] = []
    for column in zip(*rows, strict=True):
        kind = Type("unknown")
        for value in column:
            kind = common_type(kind, value.type) or kind
        kinds.append(kind)
    texts = [", ".join(coerce(value, kind) for value, kind in zip(row, kinds, strict=True)) for row in rows]
    return f"VALUES {', '.join(f'({text})' for text in texts)}", kinds


def _cells(entry: exp.Expression, outer: Scope) -> list[Value]:
    """Compile a row of VALUES; an entry that is a single value of type row is the row itself."""
    nodes = entry.expressions if isinstance(entry, exp.Tuple) else [entry]
    cells = [value_of(cell, outer) for cell in nodes]
    if len(cells) > 1 or cells[0].type.name != "row":
        return cells
    named = zip(cells[0].type.member_names, cells[0].type.parts, strict=True)
    return [Value(member(cells[0].sql, name), part) for name, part in named]


def _with_joins(node: exp.Expression, joins: list[exp.Join], outer: Scope, compile_query: Compile) -> Relation:
    left = _source(node, Relation("", ()), outer, compile_query)
    for join in [*(node.args.get("joins") or []), *joins]:
        left = _join(left, join, outer, compile_query)
    return left


def _join(left: Relation, node: exp.Join, outer: Scope, compile_query: Compile) -> Relation:
    if node.method:
        raise refusal("NOT_SUPPORTED", f"{node.method.title()} join not supported", node, outer)
    right = _source(node.this, left, outer, compile_query)
    for nested in node.this.args.get("joins") or []:
        right = _join(right, nested, outer, compile_query)
    both = (*left.fields, *right.fields)
    if node.args.get("using"):
        return _join_using(left, right, node, outer)
    if node.args.get("on") is not None:
        scope = Scope(outer.context, both, outer)
        condition = boolean(node.args["on"], "JOIN ON clause", scope)
        if isinstance(node.this, exp.Unnest) and condition != "TRUE":
            kind = f"{_kind(node)} JOIN involving UNNEST is only supported with condition ON TRUE"
            raise refusal("NOT_SUPPORTED", kind, node.args["on"], outer)
        return Relation(f"{left.sql} {_kind(node)} JOIN {right.sql} ON {condition}", both)
    if node.side or (node.kind not in {"", "CROSS"}):
        raise refusal("SYNTAX_ERROR", "a join needs ON or USING", node, outer)
    return Relation(f"{left.sql} CROSS JOIN {right.sql}", both)


def _join_using(left: Relation, right: Relation, node: exp.Join, outer: Scope) -> Relation:
    conditions, merged, used = [], [], set()
    for column in node.args["using"]:
        name = column.name.lower()
        sides = []
        for relation in (left, right):
            found = [entry for entry in relation.fields if entry.name == name]
            if len(found) != 1:
                code = "AMBIGUOUS_NAME" if found else "COLUMN_NOT_FOUND"
                raise refusal(code, f"Column '{name}' is missing from or ambiguous in one side of join", column, outer)
            sides.append(found[0])
        one, two = sides
        conditions.append(compare("=", one.value, two.value, column, outer).sql)
        kind = common_type(one.value.type, two.value.type) or one.value.type
        text = f"coalesce({coerce(one.value, kind)}, {coerce(two.value, kind)})"
        text = coerce(one.value, kind) if node.side in {"", "LEFT"} else text
        merged.append(Field(name, Value(text, kind)))
        used |= {id(one), id(two)}
    rest = tuple(entry for entry in (*left.fields, *right.fields) if id(entry) not in used)
    return Relation(f"{left.sql} {_kind(node)} JOIN {right.sql} ON {' AND '.join(conditions)}", (*merged, *rest))


def _kind(node: exp.Join) -> str:
    return node.side or ("INNER" if node.kind in {"", "INNER"} else node.kind)


def _source(node: exp.Expression, left: Relation, outer: Scope, compile_query: Compile) -> Relation:
    if isinstance(node, exp.Table):
        return _aliased(_table(node, outer), node, outer)
    if isinstance(node, exp.Unnest):
        return _aliased(_unnest(node, left, outer), node, outer)
    if isinstance(node, exp.Lateral):
        inner = Scope(outer.context, left.fields, outer)
        found = _subquery(node.this.this, inner, compile_query)
        return _aliased(Relation(f"LATERAL {found.sql}", found.fields), node, outer)
    if isinstance(node, exp.Values):
        text, kinds = values(node, outer)
        name = outer.context.next_name()
        names = [f"c{position}" for position in range(len(kinds))]
        fields = [Field(f"_col{at}", Value(f"{name}.c{at}", kind)) for at, kind in enumerate(kinds)]
        return _aliased(Relation(f"({text}) AS {name}({', '.join(names)})", tuple(fields)), node, outer)
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table | exp.Unnest):
        inside = _with_joins(node.this, [], outer, compile_query)
        return _aliased(Relation(f"({inside.sql})", inside.fields), node, outer)
    if isinstance(node, exp.Subquery):
        return _aliased(_subquery(node, outer, compile_query), node, outer)
    raise refusal("NOT_SUPPORTED", f"{node.sql(dialect='trino')} in FROM is not supported on the laptop", node, outer)


def _subquery(node: exp.Expression, outer: Scope, compile_query: Compile) -> Relation:
    compiled = compile_query(node.this if _is_bare(node) else node, outer)
    name = outer.context.next_name()
    fields = [Field(column, Value(f"{name}.c{at}", kind)) for at, (column, kind) in enumerate(compiled.columns)]
    return Relation(f"({compiled.sql}) AS {name}", tuple(fields))


def _is_bare(node: exp.Expression) -> bool:
    """Return whether a subquery has no ORDER BY or LIMIT of its own."""
    return isinstance(node, exp.Subquery) and not any(
        node.args.get(name) for name in ("order", "limit", "offset", "with_")
    )


def _table(node: exp.Table, outer: Scope) -> Relation:
    if not isinstance(node.this, exp.Identifier) or node.args.get("version") is not None:
        raise refusal("NOT_SUPPORTED", f"{node.sql(dialect='trino')} is not supported on the laptop", node, outer)
    common = None if node.db else outer.common_table(node.name)
    if common is not None:
        name = outer.context.next_name()
        fields = tuple(
            replace(entry, value=Value(f"{name}.{entry.value.sql}", entry.value.type), qualifier=(node.name.lower(),))
            for entry in common.fields
        )
        return Relation(f"{common.sql} AS {name}{_sample(node)}", fields)
    found = outer.context.tables.relation(node, outer.context)
    return Relation(f"{found.sql}{_sample(node)}", found.fields)


def _sample(node: exp.Table) -> str:
    sample = node.args.get("sample")
    if sample is None:
        return ""
    method = (sample.args.get("method") or exp.var("BERNOULLI")).name
    share = sample.args.get("percent") or sample.args.get("size")
    return f" TABLESAMPLE {method}({share.name}%)"


def _unnest(node: exp.Unnest, left: Relation, outer: Scope) -> Relation:
    """Compile UNNEST: arrays and maps side by side, the shorter ones filled with nulls."""
    scope = Scope(outer.context, left.fields, outer)
    name = outer.context.next_name()
    texts: list[str] = []
    kinds: list[Type] = []
    lengths = []
    for entry in node.expressions:
        value = value_of(entry, scope)
        if value.type.name not in {"array", "map"}:
            raise refusal("TYPE_MISMATCH", f"Cannot unnest type: {value.type}", entry, outer)
        keys = f"map_keys({value.sql})" if value.type.name == "map" else value.sql
        lengths.append(f"coalesce(len({keys}), 0)")
        for text, kind in _columns_of(value):
            texts.append(f"unnest({text})")
            kinds.append(kind)
    if node.args.get("offset"):
        longest = lengths[0] if len(lengths) == 1 else f"greatest({', '.join(lengths)})"
        texts.append(f"unnest(range(1, {longest} + 1))")
        kinds.append(BIGINT)
    listed = ", ".join(f"{text} AS c{at}" for at, text in enumerate(texts))
    fields = [Field(None, Value(f"{name}.c{at}", kind)) for at, kind in enumerate(kinds)]
    return Relation(f"{'LATERAL ' if left.sql else ''}(SELECT {listed}) AS {name}", tuple(fields))


def _columns_of(value: Value) -> list[tuple[str, Type]]:
    kind = value.type
    if kind.name == "map":
        return [(f"map_keys({value.sql})", kind.parts[0]), (f"map_values({value.sql})", kind.parts[1])]
    element = kind.parts[0]
    if element.name != "row":
        return [(value.sql, element)]
    named = zip(element.member_names, element.parts, strict=True)
    return [(f"list_transform({value.sql}, lambda e_: {member('e_', name)})", part) for name, part in named]


def _aliased(relation: Relation, node: exp.Expression, outer: Scope) -> Relation:
    """Give a relation the alias of the query, and its columns those that the alias names."""
    alias = node.args.get("alias")
    if alias is None or alias.this is None:
        return relation
    names = [column.name.lower() for column in alias.args.get("columns") or []]
    if isinstance(node, exp.Unnest) and isinstance(node.args.get("offset"), exp.Identifier):
        names.append(node.args["offset"].name.lower())
    shown = [entry for entry in relation.fields if not entry.hidden]
    if names and len(names) != len(shown):
        message = f"Column alias list has {len(names)} entries but '{alias.name}' has {len(shown)} columns available"
        raise refusal("MISMATCHED_COLUMN_ALIASES", message, node, outer)
    fields = [
        replace(entry, name=name, qualifier=(alias.name.lower(),))
        for entry, name in zip(shown, names or [entry.name for entry in shown], strict=True)
    ]
    hidden = [replace(entry, qualifier=(alias.name.lower(),)) for entry in relation.fields if entry.hidden]
    return Relation(relation.sql, (*fields, *hidden))


def columns_of_table(name: str, columns: list[tuple[str, Type]], qualifier: tuple[str, ...]) -> tuple[Field, ...]:
    """Return the columns of a relation of DuckDB that has them by their names."""
    return tuple(Field(column, Value(f"{name}.{quoted(column)}", kind), qualifier) for column, kind in columns)
