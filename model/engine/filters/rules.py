"""Rules of filter expressions beyond the grammar: which datasets, fields and comparisons are allowed.

Source: developer guide, "Filter expression structure and elements" and its "Guidelines and requirements".
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from model.engine.filters.expression import (
    CURRENT_ITEM,
    CURRENT_USER,
    DATASETS,
    Clause,
    Condition,
    EveryType,
    FilterExpressionError,
    Number,
    OfCurrentItem,
    Parameter,
)
from model.engine.personalize import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model.datasets.avro_schema import Column, Schema

EVENT_TYPE = "EVENT_TYPE"
BY_EVENT_TYPE = ("Interactions", "Action_Interactions")
# The datasets that each target is filtered by.
DATASETS_OF = {
    "ItemID": ("Items", "Interactions"),
    "UserID": ("Users", "Interactions"),
    "ActionID": ("Actions", "Action_Interactions"),
}
# Recommendations of actions always respect these, and filters may not use them.
ALWAYS_APPLIED = frozenset({"EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP", "REPEAT_FREQUENCY"})


def check_clauses(clauses: tuple[Clause, ...], schemas: Mapping[str, Schema]) -> None:
    """Check that clauses use existing fields and allowed comparisons."""
    for clause in clauses:
        if clause.target != clauses[0].target:
            raise FilterExpressionError(
                clause.target_place, f"all clauses of a filter have the same target, here {clauses[0].target}"
            )
        _check_clause(clause, schemas)
    fields = fields_of(clauses)
    if len(fields) > limits.FIELDS_PER_FILTER:
        most = limits.FIELDS_PER_FILTER
        raise FilterExpressionError(0, f"a filter may name {most} different fields, not {len(fields)}")


def fields_of(clauses: Iterable[Clause]) -> frozenset[str]:
    """Return the different fields that clauses name, such as Items.PRICE.

    Returns
    -------
    frozenset of str
        A field of the current user counts as one of Users, a field of the current item as one of Items.
    """
    conditions = [condition for clause in clauses for condition in clause.conditions()]
    named = {f"{condition.dataset.replace(CURRENT_USER, 'Users')}.{_name(condition)}" for condition in conditions}
    operands = (condition.operand for condition in conditions)
    return frozenset(named | {f"Items.{operand.field}" for operand in operands if isinstance(operand, OfCurrentItem)})


def column_of(condition: Condition, schemas: Mapping[str, Schema]) -> Column:
    """Return the column of a condition."""
    dataset = condition.dataset.replace(CURRENT_USER, "Users")
    return _column(dataset, _name(condition), schemas, condition.place, condition.field_place)


def item_column_of(condition: Condition, schemas: Mapping[str, Schema]) -> Column | None:
    """Return the column of the current item that a condition compares with; None if it does not."""
    operand = condition.operand
    if not isinstance(operand, OfCurrentItem):
        return None
    return _column("Items", operand.field, schemas, condition.operand_place, operand.place)


def is_number(column: Column) -> bool:
    """Return whether a column holds numbers."""
    return column.kind in {"float", "double", "int", "long"}


def _name(condition: Condition) -> str:
    # The guide's pages write only this field name in both cases.
    if condition.dataset in BY_EVENT_TYPE and condition.field.upper() == EVENT_TYPE:
        return EVENT_TYPE
    return condition.field


def _check_clause(clause: Clause, schemas: Mapping[str, Schema]) -> None:
    first = clause.alternatives[0][0].dataset
    for conjunction in clause.alternatives:
        for condition in conjunction:
            if condition.dataset not in DATASETS_OF[clause.target]:
                allowed = " or ".join(DATASETS_OF[clause.target])
                raise FilterExpressionError(
                    condition.place, f"{clause.target} is filtered by {allowed}, not by {condition.dataset}"
                )
            if condition.dataset != first:
                raise FilterExpressionError(
                    condition.place,
                    f"the conditions of one clause are on one dataset, here {first}: "
                    f"put conditions on {condition.dataset} into a clause of their own, joined by |",
                )
            _check_condition(clause, condition, schemas)
    for user_condition in clause.user_conditions:
        if clause.target == "UserID":
            raise FilterExpressionError(user_condition.place, f"there is no {CURRENT_USER} where users are filtered")
        _check_condition(clause, user_condition, schemas)


def _check_condition(clause: Clause, condition: Condition, schemas: Mapping[str, Schema]) -> None:
    column = column_of(condition, schemas)
    where = f"{condition.dataset}.{column.name}"
    _check_filterable(condition, column, where)
    operand = condition.operand
    if condition.operator == "NOT IN" and isinstance(operand, Parameter):
        raise FilterExpressionError(
            condition.operand_place, "NOT IN takes no parameters: use IN with the opposite of INCLUDE or EXCLUDE"
        )
    if isinstance(operand, EveryType) and column.name != EVENT_TYPE:
        raise FilterExpressionError(condition.operand_place, f"* stands for every event type; {where} needs strings")
    if isinstance(operand, EveryType) and condition.operator == "NOT IN":
        raise FilterExpressionError(condition.operand_place, "NOT IN (*) would match nothing: every event type is in *")
    if isinstance(operand, OfCurrentItem):
        _check_current_item(clause, condition, operand, column, item_column_of(condition, schemas))


def _check_filterable(condition: Condition, column: Column, where: str) -> None:
    if condition.dataset in BY_EVENT_TYPE:
        if column.name != EVENT_TYPE:
            raise FilterExpressionError(condition.field_place, f"{condition.dataset} are filtered by {EVENT_TYPE} only")
        if not condition.operator.endswith("IN") or isinstance(condition.operand, OfCurrentItem):
            raise FilterExpressionError(
                condition.operand_place, f"{where} is compared by IN or NOT IN with event types"
            )
        return
    if column.kind == "boolean":
        raise FilterExpressionError(
            condition.field_place, f'{where} is boolean: filter by a string ("True") or a number (1) instead'
        )
    if column.textual:
        raise FilterExpressionError(condition.field_place, f"{where} is a text, which may not be filtered by")
    if condition.dataset == "Actions" and column.name in ALWAYS_APPLIED:
        raise FilterExpressionError(condition.field_place, f"{where} always applies, so filters may not use it")
    if is_number(column) and condition.operator.endswith("IN"):
        raise FilterExpressionError(
            condition.operand_place, f"{where} holds numbers: compare it with =, !=, <, <=, > or >="
        )
    # The guide compares strings with a parameter also by "=": IF CurrentUser.MEMBERSHIP = $MEMBERSHIP.
    as_string = condition.operator in {"IN", "NOT IN", "="} and not isinstance(condition.operand, Number)
    if not is_number(column) and not as_string:
        raise FilterExpressionError(
            condition.operand_place, f'{where} holds strings: compare it by IN, as in IN ("drama")'
        )


def _check_current_item(
    clause: Clause, condition: Condition, operand: OfCurrentItem, column: Column, other: Column | None
) -> None:
    if clause.target != "ItemID" or condition.dataset == CURRENT_USER:
        raise FilterExpressionError(condition.operand_place, f"{CURRENT_ITEM} is for conditions on Items of ItemID")
    if other is None or other.kind == "boolean" or other.textual or is_number(other) != is_number(column):
        kind = "numbers" if is_number(column) else "strings that may be filtered by"
        raise FilterExpressionError(
            operand.place, f"{CURRENT_ITEM}.{operand.field} must hold {kind}, as {column.name} does"
        )


def _column(dataset: str, name: str, schemas: Mapping[str, Schema], place: int, field_place: int) -> Column:
    schema = schemas.get(DATASETS[dataset])
    if schema is None:
        raise FilterExpressionError(place, f"the dataset group has no dataset of the type {dataset}")
    by_name = {column.name: column for column in schema.columns}
    if name in by_name:
        return by_name[name]
    near = get_close_matches(name.upper(), by_name, n=1)
    hint = f": is {near[0]} meant?" if near else f"; it has {', '.join(by_name)}"
    raise FilterExpressionError(field_place, f"the schema of {dataset} has no field {name}{hint}")
