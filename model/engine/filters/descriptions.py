"""Describes filter expressions in plain sentences."""

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


def describe_clause(clause: Clause) -> str:
    """Describe a clause, such as "Keeps only items where PRICE is below 20."."""
    verb = "Keeps only" if clause.verb == "INCLUDE" else "Removes"
    alternatives = [
        " and ".join(describe_condition(condition) for condition in conjunction) for conjunction in clause.alternatives
    ]
    sentence = f"{verb} {THINGS[clause.target]} where {', or where '.join(alternatives)}"
    if clause.user_conditions:
        sentence += f"; this applies only if {' and '.join(map(describe_condition, clause.user_conditions))}"
    return f"{sentence}."


def describe_condition(condition: Condition) -> str:
    """Describe a condition, such as "PRICE is below 20"."""
    if condition.dataset in BY_EVENT_TYPE:
        return _describe_event(condition)
    of_user = "the current user's " if condition.dataset == CURRENT_USER else ""
    compared, operand = _COMPARED[condition.operator], condition.operand
    if isinstance(operand, OfCurrentItem) and condition.operator == "IN":
        return f"{condition.field} is one that the current item has in {operand.field}"
    return f"{of_user}{condition.field} {compared} {_describe_operand(operand)}"


def _describe_event(condition: Condition) -> str:
    if isinstance(condition.operand, EveryType):
        return "the user has had an interaction of any type"
    kind = "the type" if condition.operator == "IN" else "a type other than"
    return f"the user has had an interaction of {kind} {_describe_operand(condition.operand)}"


def _describe_operand(operand: Operand) -> str:
    if isinstance(operand, Strings):
        return " or ".join(f'"{value}"' for value in operand.values)
    if isinstance(operand, Number):
        return str(operand.value).removesuffix(".0")
    if isinstance(operand, Parameter):
        return f"${operand.name}"
    return f"the current item's {operand.field}" if isinstance(operand, OfCurrentItem) else "anything"
