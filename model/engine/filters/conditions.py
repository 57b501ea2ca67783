"""Conditions compiled to functions: which rows meet a condition, or whether the current user does.

A missing value meets no condition, not even NOT IN or !=. Parameters of EXCLUDE may be omitted: a condition on rows is
not evaluated then, and the current user does not meet a condition on users.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.engine.filters.expression import EveryType, Number, OfCurrentItem, Parameter, Strings
from model.engine.filters.filter_query import FilterQuery
from model.engine.filters.interned_columns import COMPARISONS
from model.engine.filters.parameters import read_number, read_strings
from model.engine.filters.rules import BY_EVENT_TYPE, is_number

if TYPE_CHECKING:
    from model.datasets.avro_schema import Column
    from model.engine.filters.expression import Condition, Target

RowCondition = Callable[[FilterQuery], NDArray[np.bool_]]
UserCondition = Callable[[FilterQuery], bool]
_Strings = Callable[[FilterQuery], tuple[str, ...]]
_Number = Callable[[FilterQuery], float | None]

ID_COLUMNS = {"ItemID": "ITEM_ID", "UserID": "USER_ID", "ActionID": "ACTION_ID"}
EVERY_TYPE = "*"


def compile_row_condition(target: Target, condition: Condition, column: Column, other: Column | None) -> RowCondition:
    """Compile a condition on rows to a function from a query to a read-only bool array of shape (rows,)."""
    negated = condition.operator == "NOT IN"
    if is_number(column):
        return _number_test(condition, column)
    strings = _strings(condition, several=other is not None and other.categorical)
    if condition.dataset in BY_EVENT_TYPE:
        return (
            _users_test(strings, negated=negated)
            if target == "UserID"
            else _event_test(condition.dataset, strings, negated=negated)
        )
    if column.name == ID_COLUMNS[target]:
        return lambda query: query.table.with_ids(strings(query), negated=negated)

    def has_text(query: FilterQuery) -> NDArray[np.bool_]:
        values = strings(query)
        if not values:
            return np.zeros(query.table.size, np.bool_)
        return query.table.with_texts(column.name, values, several=column.categorical, negated=negated)

    return has_text


def compile_user_condition(condition: Condition, column: Column) -> UserCondition:
    """Compile a condition to a function that returns whether the current user meets it; an unknown user does not."""
    negated = condition.operator == "NOT IN"
    number, strings = _number(condition), _strings(condition, several=False)

    def has_number(query: FilterQuery) -> bool:
        value = number(query)
        users = query.group.tables["USERS"]
        own = None if query.user is None else users.number(query.user, column.name)
        if value is None or own is None:
            return False
        return bool(COMPARISONS[condition.operator](own, value))

    def has_text(query: FilterQuery) -> bool:
        values = strings(query)
        users = query.group.tables["USERS"]
        if column.name == ID_COLUMNS["UserID"]:
            own: tuple[str, ...] = (query.user_id,)
        elif query.user is None:
            return False
        else:
            own = users.texts(query.user, column.name, several=column.categorical)
        return bool(own and values) and negated == set(own).isdisjoint(values)

    return has_number if is_number(column) else has_text


def _number_test(condition: Condition, column: Column) -> RowCondition:
    number = _number(condition)

    def has_number(query: FilterQuery) -> NDArray[np.bool_]:
        value = number(query)
        if value is None:
            return np.zeros(query.table.size, np.bool_)
        return query.table.with_number(column.name, condition.operator, value)

    return has_number


def _event_test(dataset: str, strings: _Strings, *, negated: bool) -> RowCondition:
    """Compile: the current user has had an interaction of such a type with the row."""

    def interacted_with(query: FilterQuery) -> NDArray[np.bool_]:
        items_of = query.interactions if dataset == "Interactions" else query.action_interactions
        matches_type = _type_matcher(strings(query), dataset, negated=negated)
        return query.table.with_ids(
            subject for kind, subjects in items_of.items() if matches_type(kind) for subject in subjects
        )

    return interacted_with


def _users_test(strings: _Strings, *, negated: bool) -> RowCondition:
    """Compile: the user of the row has had an interaction of such a type."""

    def has_interacted(query: FilterQuery) -> NDArray[np.bool_]:
        matches_type = _type_matcher(strings(query), "Interactions", negated=negated)
        return query.table.with_ids(query.group.interactions.users_with(matches_type))

    return has_interacted


def _type_matcher(values: tuple[str, ...], dataset: str, *, negated: bool) -> Callable[[str], bool]:
    """Return whether an event type matches, as a function."""
    if EVERY_TYPE in values:
        return lambda _: not negated
    wanted = {_normalised(value, dataset) for value in values}
    return lambda kind: (_normalised(kind, dataset) in wanted) != negated


def _normalised(event_type: str, dataset: str) -> str:
    """Return an event type as it is compared: ignoring case; the guide has "Not taken" as well as "NOT_TAKEN"."""
    lower = event_type.lower()
    return lower if dataset == "Interactions" else lower.replace("_", "").replace(" ", "")


def _strings(condition: Condition, *, several: bool) -> _Strings:
    """Return the strings that a condition compares with, as a function; none if a parameter was omitted."""
    operand = condition.operand
    if isinstance(operand, Parameter):

        def given(query: FilterQuery) -> tuple[str, ...]:
            value = query.values.get(operand.name)
            return () if value is None else read_strings(operand.name, value)

        return given
    if isinstance(operand, OfCurrentItem):

        def of_item(query: FilterQuery) -> tuple[str, ...]:
            if query.item is None:
                return ()
            if operand.field == ID_COLUMNS["ItemID"]:
                return (query.table.ids[query.item],)
            return query.table.texts(query.item, operand.field, several=several)

        return of_item
    fixed = operand.values if isinstance(operand, Strings) else (EVERY_TYPE,) if isinstance(operand, EveryType) else ()
    return lambda _: fixed


def _number(condition: Condition) -> _Number:
    """Return the number that a condition compares with, as a function; None if there is none."""
    operand = condition.operand
    if isinstance(operand, Parameter):

        def given(query: FilterQuery) -> float | None:
            value = query.values.get(operand.name)
            return None if value is None else read_number(operand.name, value)

        return given
    if isinstance(operand, OfCurrentItem):

        def of_item(query: FilterQuery) -> float | None:
            return None if query.item is None else query.table.number(query.item, operand.field)

        return of_item
    fixed = operand.value if isinstance(operand, Number) else None
    return lambda _: fixed
