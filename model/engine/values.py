"""Values of a dataset's columns: read, measured, and refused with the reason that the service documents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from model.engine import limits
from model.engine.dataset_types import KEYWORDS

if TYPE_CHECKING:
    from model.engine.avro_schema import Column

ID_COLUMNS = {"USER_ID", "ITEM_ID", "ACTION_ID", "EVENT_TYPE"}
TIME_COLUMNS = {"TIMESTAMP", "CREATION_TIMESTAMP", "EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP"}
BOOLEANS = {"true": True, "false": False}


class BadValueError(ValueError):
    """A value that its column cannot hold; the message says why and never repeats the value."""


def read_text(column: Column, text: str) -> Any:
    """Read a value as it stands in a CSV.

    Parameters
    ----------
    column : Column
    text : str

    Returns
    -------
    str, int, float, bool or None

    Raises
    ------
    BadValueError
    """
    if text == "":
        if column.nullable:
            return None
        raise BadValueError(f"column {column.name} is empty and may not be null")
    try:
        if column.kind in {"int", "long"}:
            value: Any = int(text)
        elif column.kind in {"float", "double"}:
            value = float(text)
        elif column.kind == "boolean":
            value = BOOLEANS[text.lower()]
        else:
            value = text
    except (ValueError, KeyError):
        raise BadValueError(f"column {column.name} must hold values of type {column.kind}") from None
    return check_value(column, value)


def check_value(column: Column, value: Any) -> Any:
    """Check a value of any origin against its column and return it, long text cut.

    Parameters
    ----------
    column : Column
    value : object

    Returns
    -------
    object

    Raises
    ------
    BadValueError
    """
    if value is None:
        if column.nullable:
            return None
        raise BadValueError(f"column {column.name} may not be null")
    if column.kind == "string":
        return _check_string(column, value)
    if column.kind == "boolean":
        if not isinstance(value, bool):
            raise BadValueError(f"column {column.name} must be true or false")
        return value
    return _check_number(column, value)


def _check_string(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValueError(f"column {column.name} must hold strings")
    if column.textual:
        return value[: limits.TEXTUAL_LENGTH]
    if column.name in ID_COLUMNS:
        most = limits.ID_LENGTH
    elif column.name == "IMPRESSION":
        most = limits.IMPRESSION_LENGTH
    else:
        most = limits.CATEGORICAL_LENGTH if column.categorical else limits.STRING_LENGTH
    if len(value) > most:
        raise BadValueError(f"column {column.name} has a value of {len(value)} characters; it may have {most}")
    if value in KEYWORDS:
        raise BadValueError(f"column {column.name} holds the reserved keyword {value} as a value")
    return value


def _check_number(column: Column, value: Any) -> int | float:
    whole = column.kind in {"int", "long"}
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise BadValueError(f"column {column.name} must hold values of type {column.kind}")
    number: int | float = value
    if not math.isfinite(number):
        raise BadValueError(f"column {column.name} must hold finite numbers")
    if column.name in TIME_COLUMNS and not 0 <= number < limits.LATEST_TIMESTAMP:
        raise BadValueError(f"column {column.name} must hold Unix time in seconds, not in milliseconds")
    return number
