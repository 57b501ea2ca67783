"""Function calls: the form of a function that takes the arguments, its modifiers, and its text in DuckDB."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from deployment.emulator.athena.dialect import functions
from deployment.emulator.athena.dialect.casts import cast, coerce, local
from deployment.emulator.athena.dialect.functions.signatures import Parameter, Signature, accept, concrete, shown
from deployment.emulator.athena.dialect.operators import boolean
from deployment.emulator.athena.dialect.scopes import HANDLERS, Scope, Value, refusal, value_of
from deployment.emulator.athena.dialect.types import BIGINT, DATE, VARCHAR, Type, array

if TYPE_CHECKING:
    from collections.abc import Callable

# Functions with rules of their own, by name; `forms` fills it.
FORMS: dict[str, Callable[[exp.Anonymous, Scope], Value]] = {}


@dataclass(frozen=True)
class Modifiers:
    """What stands around an aggregate: in DuckDB's SQL, empty where there is nothing."""

    distinct: str = ""
    order: str = ""
    where: str = ""
    over: str = ""
    nulls: str = ""

    def each(self, name: str, *arguments: str) -> str:
        """Return a call of DuckDB's aggregate or window function."""
        distinct = self.distinct
        if name == "count_distinct":
            name, distinct = "count", "DISTINCT "
        return f"{name}({distinct}{', '.join(arguments)}{self.nulls}{self.order}){self.where}{self.over}"


def is_aggregate(node: exp.Expression) -> bool:
    """Return whether a node is a call of an aggregate function without OVER."""
    if not isinstance(node, exp.Anonymous) or node.name.lower() not in {*functions.AGGREGATES, "grouping"}:
        return False
    outer = node.parent
    while isinstance(outer, exp.Filter | exp.WithinGroup | exp.IgnoreNulls | exp.RespectNulls):
        node, outer = outer, outer.parent
    return not (isinstance(outer, exp.Window) and outer.this is node)


def _call(node: exp.Anonymous, scope: Scope) -> Value:
    return _modified(node, scope, Modifiers())


def _filter(node: exp.Filter, scope: Scope) -> Value:
    return _modified(node, scope, Modifiers())


def _window(node: exp.Window, scope: Scope) -> Value:
    return _modified(node.this, scope, Modifiers(over=f" OVER ({_window_text(node, scope)})"))


def _modified(node: exp.Expression, scope: Scope, modifiers: Modifiers) -> Value:
    """Collect what stands around a call, from the outside to the inside."""
    if isinstance(node, exp.Filter):
        inner = scope if modifiers.over else scope.ungrouped()
        condition = boolean(node.expression.this, "Filter expression", inner)
        return _modified(node.this, scope, replace(modifiers, where=f" FILTER (WHERE {condition})"))
    if isinstance(node, exp.WithinGroup):
        order = order_text(node.expression.expressions, scope.ungrouped())
        return _modified(node.this, scope, replace(modifiers, order=f" ORDER BY {order}"))
    if isinstance(node, exp.IgnoreNulls):
        return _modified(node.this, scope, replace(modifiers, nulls=" IGNORE NULLS"))
    if isinstance(node, exp.RespectNulls):
        return _modified(node.this, scope, modifiers)
    return _function(node, scope, modifiers)


def _function(node: exp.Expression, scope: Scope, modifiers: Modifiers) -> Value:
    name = node.name.lower()
    if name in functions.AGGREGATES or (modifiers.over and name in functions.WINDOW):
        return _aggregate(name, node, scope, modifiers)
    if name in functions.WINDOW:
        raise refusal("MISSING_OVER", f"Window function {name} requires an OVER clause", node, scope)
    is_modified = modifiers != Modifiers() or isinstance(next(iter(node.expressions), None), exp.Distinct)
    if is_modified and (name in functions.SCALAR or name in FORMS):
        raise refusal("FUNCTION_NOT_AGGREGATE", f"{name} is not an aggregate or window function", node, scope)
    if name in FORMS:
        return FORMS[name](node, scope)
    if name not in functions.SCALAR:
        if name in functions.ABSENT:
            raise refusal("NOT_SUPPORTED", f"function {name} is not supported on the laptop", node, scope)
        raise refusal("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", node, scope)
    return apply(name, functions.SCALAR[name], list(node.expressions), node, scope)


def _aggregate(name: str, node: exp.Expression, scope: Scope, modifiers: Modifiers) -> Value:
    inner = scope
    if not modifiers.over:
        if not scope.allows_aggregates:
            text = node.sql(dialect="trino", normalize_functions=False)
            if scope.is_inside_aggregate:
                raise refusal(
                    "NESTED_AGGREGATION", f"Cannot nest aggregations inside aggregation: [{text}]", node, scope
                )
            message = f"WHERE clause cannot contain aggregations, window functions or grouping operations: [{text}]"
            raise refusal("EXPRESSION_NOT_SCALAR", message, node, scope)
        inner = replace(scope.ungrouped(), allows_aggregates=False, is_inside_aggregate=True)
    arguments = list(node.expressions)
    if arguments and isinstance(arguments[-1], exp.Order):
        modifiers = replace(modifiers, order=f" ORDER BY {order_text(arguments[-1].expressions, inner)}")
        arguments[-1] = arguments[-1].this
    if arguments and isinstance(arguments[0], exp.Distinct):
        if modifiers.over:
            text = node.sql(dialect="trino", normalize_functions=False)
            message = f"DISTINCT in window function parameters not yet supported: {text}"
            raise refusal("NOT_SUPPORTED", message, node, scope)
        arguments = list(arguments[0].expressions)
        modifiers = replace(modifiers, distinct="DISTINCT ")
    if name == "count" and len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        return Value(modifiers.each("count", "*"), BIGINT)
    forms = functions.AGGREGATES.get(name) or functions.WINDOW[name]
    return apply(name, forms, arguments, node, inner, modifiers)


def apply(
    name: str,
    forms: list[Signature],
    nodes: list[exp.Expression],
    node: exp.Expression,
    scope: Scope,
    modifiers: Modifiers | None = None,
) -> Value:
    """Return a call of the first form that takes the arguments, first as they are, then coerced.

    Raises `QueryFailedError` with ``FUNCTION_NOT_FOUND`` and the forms that there are if none takes them.
    """
    values = [None if isinstance(argument, exp.Lambda) else value_of(argument, scope) for argument in nodes]
    for exactly in (True, False):
        for form in forms:
            bound = _bind(form, values, exactly=exactly)
            if bound is not None:
                return _write(form, nodes, values, bound, scope, modifiers)
    if None in values or len(values) in functions.ABSENT_FORMS.get(name, ()):
        raise refusal("NOT_SUPPORTED", f"this form of {name} is not supported on the laptop", node, scope)
    given = ", ".join("<function>" if value is None else str(value.type) for value in values)
    message = f"Unexpected parameters ({given}) for function {name}. Expected: {shown(name, forms)}"
    raise refusal("FUNCTION_NOT_FOUND", message, node, scope)


def _bind(form: Signature, values: list[Value | None], *, exactly: bool) -> dict[str, Type] | None:
    if not form.takes(len(values)):
        return None
    bound: dict[str, Type] = {}
    for position, value in enumerate(values):
        wanted = form.parameter(position)
        if value is None or wanted.is_lambda:
            if value is not None or not wanted.is_lambda:
                return None
        elif not accept(wanted, value.type, bound, exactly=exactly):
            return None
    return bound


def _write(
    form: Signature,
    nodes: list[exp.Expression],
    values: list[Value | None],
    bound: dict[str, Type],
    scope: Scope,
    modifiers: Modifiers | None,
) -> Value:
    texts: list[str] = []
    named: dict[str, str] = {}
    arguments: list[Value] = []
    for position, value in enumerate(values):
        wanted = form.parameter(position)
        if value is None:
            texts.append(_lambda_argument(nodes[position], wanted, position, bound, scope, named))
            continue
        kind = concrete(wanted, bound)
        texts.append(coerce(value, kind))
        arguments.append(Value(texts[-1], kind))
        if isinstance(form.template, str):
            named.update(_variants(form.template, position, value, Value(texts[-1], kind)))
    result = concrete(form.returns, bound)
    if modifiers is not None and callable(form.template):
        return Value(form.template(texts, result, modifiers.each), result)
    if callable(form.template):
        return Value(form.template(arguments, result), result)
    template = form.template.replace("{*}", ", ".join(texts))
    return Value(template.format(*texts, **named), result)


def _variants(template: str, position: int, given: Value, value: Value) -> dict[str, str]:
    """Return the other texts of an argument that a template asks for."""
    variants = {}
    if f"{{local{position}}}" in template:
        variants[f"local{position}"] = local(value)
    if f"{{text{position}}}" in template:
        variants[f"text{position}"] = cast(value, array(VARCHAR), is_safe=False)
    if f"{{entries{position}}}" in template:
        key, item = given.type.parts[0].member_names
        pair = f"struct_pack(k := struct_extract(e_, '{key}'), v := struct_extract(e_, '{item}'))"
        variants[f"entries{position}"] = f"map_from_entries(list_transform({value.sql}, lambda e_: {pair}))"
    if "{as_date}" in template:
        variants["as_date"] = cast(given, DATE, is_safe=False)
    return variants


def _lambda_argument(
    node: exp.Expression, wanted: Parameter, position: int, bound: dict[str, Type], scope: Scope, named: dict[str, str]
) -> str:
    """Compile a lambda expression and note the type that it returns."""
    *taken, returned = wanted.parts
    types = [concrete(part, bound) for part in taken]
    # The same for the same lambda expression, so that GROUP BY finds it again.
    variable = scope.variable_name()
    texts = [variable] if len(types) == 1 else [f"{variable}.key", f"{variable}.value"]
    body = function_body(node, [Value(text, kind) for text, kind in zip(texts, types, strict=True)], scope)
    if returned.is_variable:
        bound[returned.name] = body.type
    elif body.type.name not in {returned.name, "unknown"}:
        message = f"Lambda expression must evaluate to {returned.name} (actual: {body.type})"
        raise refusal("TYPE_MISMATCH", message, node, scope)
    named[f"entry{position}"] = f"lambda {variable}: {body.sql}"
    named[f"key{position}"] = f"lambda {variable}: struct_pack(k := {body.sql}, v := {variable}.value)"
    named[f"value{position}"] = f"lambda {variable}: struct_pack(k := {variable}.key, v := {body.sql})"
    return named[f"entry{position}"]


def function_body(node: exp.Expression, values: list[Value], scope: Scope) -> Value:
    """Compile the body of a lambda expression over values."""
    names = [entry.name.lower() for entry in node.expressions]
    if len(names) != len(values):
        raise refusal(
            "INVALID_PARAMETER_USAGE", f"Expected a lambda expression with {len(values)} arguments", node, scope
        )
    inner = Scope(scope.context, parent=scope, variables=dict(zip(names, values, strict=True)))
    return value_of(node.this, inner)


def order_text(entries: list[exp.Expression], scope: Scope) -> str:
    """Compile the keys of an ORDER BY over the scope's columns."""
    return ", ".join(f"{orderable(entry.this, scope).sql}{direction(entry)}" for entry in entries)


def orderable(node: exp.Expression, scope: Scope) -> Value:
    """Compile a sort key; ``TYPE_MISMATCH`` if its type has no order."""
    value = value_of(node, scope)
    check_orderable(value.type, node, scope)
    return value


def check_orderable(kind: Type, node: exp.Expression, scope: Scope) -> None:
    """Refuse to sort by a type whose values have no order."""
    if not kind.is_orderable:
        text = node.sql(dialect="trino", normalize_functions=False)
        message = f"Type {kind} is not orderable, and therefore cannot be used in ORDER BY: {text}"
        raise refusal("TYPE_MISMATCH", message, node, scope)


def direction(entry: exp.Expression) -> str:
    """Return the direction of a sort key; nulls are last in both, unless the query says otherwise."""
    return f"{' DESC' if entry.args.get('desc') else ''} NULLS {'FIRST' if entry.args.get('nulls_first') else 'LAST'}"


def _window_text(node: exp.Expression, scope: Scope) -> str:
    parts = []
    base = node.args.get("alias") if isinstance(node, exp.Window) and node.args.get("alias") else None
    if base is not None:
        named = scope.windows.get(base.name.lower())
        if named is None:
            raise refusal("INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {base.name}", node, scope)
        parts.append(_window_text(named, scope))
    if node.args.get("partition_by"):
        listed = ", ".join(value_of(key, scope).sql for key in node.args["partition_by"])
        parts.append(f"PARTITION BY {listed}")
    if node.args.get("order"):
        parts.append(f"ORDER BY {order_text(node.args['order'].expressions, scope)}")
    if node.args.get("spec"):
        parts.append(_frame(node.args["spec"], scope))
    return " ".join(part for part in parts if part)


def _frame(spec: exp.Expression, scope: Scope) -> str:
    start = _bound(spec.args.get("start"), spec.args.get("start_side"), scope)
    if spec.args.get("end") is None:
        return f"{spec.args['kind']} {start}"
    return f"{spec.args['kind']} BETWEEN {start} AND {_bound(spec.args['end'], spec.args.get('end_side'), scope)}"


def _bound(bound: Any, side: str | None, scope: Scope) -> str:
    text = value_of(bound, scope).sql if isinstance(bound, exp.Expression) else str(bound)
    return f"{text} {side}" if side else text


HANDLERS.update(
    {exp.Anonymous: _call, exp.Filter: _filter, exp.WithinGroup: _filter, exp.Window: _window, exp.IgnoreNulls: _filter}
)
