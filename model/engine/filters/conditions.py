"""Conditions as functions: which rows meet one, or whether the current user does.

A value that is missing meets no condition, NOT IN and != included; nor does anything meet a condition whose
parameter was omitted, which only EXCLUDE permits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.engine.filters.expression import EveryType, Number, OfCurrentItem, Parameter, Strings
from model.engine.filters.interned_columns import compare
from model.engine.filters.parameters import read_number, read_strings
from model.engine.filters.question import Question
from model.engine.filters.rules import BY_EVENT_TYPE, is_number

if TYPE_CHECKING:
    from model.datasets.avro_schema import Column
    from model.engine.filters.expression import Condition, Target

RowTest = Callable[[Question], NDArray[np.bool_]]
UserTest = Callable[[Question], bool]
_Strings = Callable[[Question], tuple[str, ...]]
_Number = Callable[[Question], float | None]

ID_COLUMNS = {"ItemID": "ITEM_ID", "UserID": "USER_ID", "ActionID": "ACTION_ID"}
EVERY_TYPE = "*"


def row_test(target: Target, condition: Condition, column: Column, other: Column | None) -> RowTest:
    """Compile a condition on rows.

    Parameters
    ----------
    target : str
        ItemID, UserID or ActionID.
    column : Column
        That the condition is about.
    other : Column or None
        Of the current item, where the condition compares with it.

    Returns
    -------
    callable
        From a question to a bool array of shape (rows,), not to be changed.
    """
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
        return lambda question: question.table.with_ids(strings(question), negated=negated)

    def has_text(question: Question) -> NDArray[np.bool_]:
        values = strings(question)
        if not values:
            return np.zeros(question.table.size, np.bool_)
        return question.table.with_texts(column.name, values, several=column.categorical, negated=negated)

    return has_text


def user_test(condition: Condition, column: Column) -> UserTest:
    """Compile a condition on the current user.

    Parameters
    ----------
    column : Column
        Of Users.

    Returns
    -------
    callable
        From a question to whether its user meets the condition; one of whom nothing is known does not.
    """
    negated = condition.operator == "NOT IN"
    number, strings = _number(condition), _strings(condition, several=False)

    def has_number(question: Question) -> bool:
        value = number(question)
        users = question.group.tables["USERS"]
        mine = None if question.user is None else users.number(question.user, column.name)
        if value is None or mine is None:
            return False
        return bool(compare(np.array([mine]), condition.operator, value)[0])

    def has_text(question: Question) -> bool:
        values = strings(question)
        users = question.group.tables["USERS"]
        if column.name == ID_COLUMNS["UserID"]:
            mine: tuple[str, ...] = (question.user_id,)
        elif question.user is None:
            return False
        else:
            mine = users.texts(question.user, column.name, several=column.categorical)
        return bool(mine and values) and negated == set(mine).isdisjoint(values)

    return has_number if is_number(column) else has_text


def _number_test(condition: Condition, column: Column) -> RowTest:
    number = _number(condition)

    def has_number(question: Question) -> NDArray[np.bool_]:
        value = number(question)
        if value is None:
            return np.zeros(question.table.size, np.bool_)
        return question.table.with_number(column.name, condition.operator, value)

    return has_number


def _event_test(dataset: str, strings: _Strings, *, negated: bool) -> RowTest:
    """Compile: the current user has had such an interaction with the row."""

    def was_touched(question: Question) -> NDArray[np.bool_]:
        done = question.interactions if dataset == "Interactions" else question.action_interactions
        is_asked = _is_asked(strings(question), dataset, negated=negated)
        return question.table.with_ids(one for kind, subjects in done.items() if is_asked(kind) for one in subjects)

    return was_touched


def _users_test(strings: _Strings, *, negated: bool) -> RowTest:
    """Compile: the row is of a user who has had such an interaction."""

    def has_touched(question: Question) -> NDArray[np.bool_]:
        is_asked = _is_asked(strings(question), "Interactions", negated=negated)
        return question.table.with_ids(question.group.interactions.users_with(is_asked))

    return has_touched


def _is_asked(values: tuple[str, ...], dataset: str, *, negated: bool) -> Callable[[str], bool]:
    """Return what tells of an event type whether it is asked for; none is where a parameter was omitted."""
    if not values or EVERY_TYPE in values:
        every = bool(values) and not negated
        return lambda _: every
    asked = {_spelled(value, dataset) for value in values}
    return lambda kind: (_spelled(kind, dataset) in asked) != negated


def _spelled(event_type: str, dataset: str) -> str:
    """Return an event type as it is compared: in any case; the guide has "Not taken" as well as "NOT_TAKEN"."""
    lower = event_type.lower()
    return lower if dataset == "Interactions" else lower.replace("_", "").replace(" ", "")


def _strings(condition: Condition, *, several: bool) -> _Strings:
    """Return what finds the strings that a condition compares with; none where a parameter is omitted."""
    operand = condition.operand
    if isinstance(operand, Parameter):

        def given(question: Question) -> tuple[str, ...]:
            value = question.values.get(operand.name)
            return () if value is None else read_strings(operand.name, value)

        return given
    if isinstance(operand, OfCurrentItem):

        def of_item(question: Question) -> tuple[str, ...]:
            if question.item is None:
                return ()
            if operand.field == ID_COLUMNS["ItemID"]:
                return (question.table.ids[question.item],)
            return question.table.texts(question.item, operand.field, several=several)

        return of_item
    fixed = operand.values if isinstance(operand, Strings) else (EVERY_TYPE,) if isinstance(operand, EveryType) else ()
    return lambda _: fixed


def _number(condition: Condition) -> _Number:
    """Return what finds the number that a condition compares with; None where there is none."""
    operand = condition.operand
    if isinstance(operand, Parameter):

        def given(question: Question) -> float | None:
            value = question.values.get(operand.name)
            return None if value is None else read_number(operand.name, value)

        return given
    if isinstance(operand, OfCurrentItem):

        def of_item(question: Question) -> float | None:
            return None if question.item is None else question.table.number(question.item, operand.field)

        return of_item
    fixed = operand.value if isinstance(operand, Number) else None
    return lambda _: fixed
