"""Filter expressions in words, for those who did not write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.engine.filters.expression import CURRENT_USER, EveryType, Number, OfCurrentItem, Parameter, Strings
from model.engine.filters.rules import BY_EVENT_TYPE

if TYPE_CHECKING:
    from model.engine.filters.expression import Clause, Condition, Operand

THINGS = {"ItemID": "items", "UserID": "users", "ActionID": "actions"}
_COMPARED = {
    "=": "is",
    "!=": "is other than",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "IN": "is",
    "NOT IN": "is other than",
}


def clause_in_words(clause: Clause) -> str:
    """Say what a clause does.

    Returns
    -------
    str
        A sentence, such as "Keeps only items where PRICE is below 20."
    """
    verb = "Keeps only" if clause.verb == "INCLUDE" else "Removes"
    either = [" and ".join(condition_in_words(one) for one in together) for together in clause.either]
    sentence = f"{verb} {THINGS[clause.target]} where {', or where '.join(either)}"
    if clause.provisos:
        sentence += f"; this counts only if {' and '.join(condition_in_words(one) for one in clause.provisos)}"
    return f"{sentence}."


def condition_in_words(condition: Condition) -> str:
    """Say what a condition asks for.

    Returns
    -------
    str
        Such as "PRICE is below 20".
    """
    if condition.dataset in BY_EVENT_TYPE:
        return _event_in_words(condition)
    of_user = "the current user's " if condition.dataset == CURRENT_USER else ""
    compared, operand = _COMPARED[condition.operator], condition.operand
    if isinstance(operand, OfCurrentItem) and condition.operator == "IN":
        return f"{condition.field} is one that the current item has in {operand.field}"
    return f"{of_user}{condition.field} {compared} {_operand_in_words(operand)}"


def _event_in_words(condition: Condition) -> str:
    if isinstance(condition.operand, EveryType):
        return "the user has had an interaction of any type"
    kind = "the type" if condition.operator == "IN" else "a type other than"
    return f"the user has had an interaction of {kind} {_operand_in_words(condition.operand)}"


def _operand_in_words(operand: Operand) -> str:
    if isinstance(operand, Strings):
        return " or ".join(f'"{value}"' for value in operand.values)
    if isinstance(operand, Number):
        return f"{operand.value:g}" if abs(operand.value) < 1e6 else str(operand.value).removesuffix(".0")
    if isinstance(operand, Parameter):
        return f"${operand.name}"
    return f"the current item's {operand.field}" if isinstance(operand, OfCurrentItem) else "anything"
