"""CloudWatch's evaluation of alarms: M of N periods, missing data, and the metric math that our alarms use.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Value = float | None

EXTRA_PERIODS = 2
"""Periods that are looked at beyond those that are evaluated; CloudWatch has "a few", its examples two."""

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
}
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
}


def alarm_state(alarm: Mapping[str, Any], metrics: Sequence[Mapping[str, Value]]) -> str:
    """Return the state of an alarm, OK or ALARM; missing data are breaching or not.

    Parameters
    ----------
    alarm
        As in Terraform.
    metrics
        For each period, the latest last, the values by id of a metric, which is "value" without an expression; a
        missing id, or None, is missing data.
    """
    periods, needed = alarm["evaluation_periods"], alarm["datapoints_to_alarm"]
    expression = next((query["expression"] for query in alarm["metric_query"] if query["expression"]), "value")
    points = [evaluate(expression, values) for values in metrics[-(periods + EXTRA_PERIODS) :]]
    breaches = _COMPARISONS[alarm["comparison_operator"]]
    existing = [breaches(point, alarm["threshold"]) for point in points if point is not None][-periods:]
    filled = existing + [alarm["treat_missing_data"] == "breaching"] * (periods - len(existing))
    return "ALARM" if sum(filled) >= needed else "OK"


def evaluate(expression: str, values: Mapping[str, Value]) -> Value:
    """Return the value of an expression of metric math in one period; None where data are missing."""
    return _value(ast.parse(expression, mode="eval").body, values)


def _value(node: ast.expr, values: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values.get(name)
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, default]):
            value = _value(metric, values)
            return _value(default, values) if value is None else value
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return _value(then if _value(condition, values) else otherwise, values)
        case ast.BinOp(left=left, op=kind, right=right) | ast.Compare(left=left, ops=[kind], comparators=[right]):
            one, other = _value(left, values), _value(right, values)
            if one is None or other is None or (isinstance(kind, ast.Div) and not other):
                return None
            return float(_OPERATORS[type(kind)](one, other))
    raise ValueError(f"{ast.unparse(node)} is not in the part of metric math that is evaluated here")
