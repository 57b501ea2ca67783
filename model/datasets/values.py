"""Reads and checks the values of a dataset's columns, by the rules that the service documents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from model.datasets import limits
from model.datasets.dataset_types import KEYWORDS
from model.datasets.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.datasets.avro_schema import Column

ID_COLUMNS = {"USER_ID", "ITEM_ID", "ACTION_ID", "EVENT_TYPE"}
COLUMNS_OF_IDS = ID_COLUMNS | {"IMPRESSION"}
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
TIME_COLUMNS = {"TIMESTAMP", "CREATION_TIMESTAMP", "EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP"}
# The first number that is too large (Avro specification, "Primitive Types"); smaller reals are rounded to finite ones.
WHOLE = {"int": 2**31, "long": 2**63}
REAL = {"float": 2**128 - 2**103, "double": 2**1024 - 2**970}
BOOLEANS = {"true": True, "false": False}
TAG, ENTITY, LINE_BREAK = re.compile(r"<[^<>]*>"), re.compile(r"&#?\w{1,32};"), re.compile(r"[\r\n]+")
DENSE_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")  # kana and Han: Japanese and Chinese
SCRIPT_SAMPLE = 500


def text_reader(column: Column) -> Callable[[str], Any]:
    """Return a function from the text of a column in a CSV to its value or None; it raises `InvalidValueError`."""
    parse: Callable[[str], Any] = _whole if column.kind in WHOLE else _real
    if column.kind in {"string", "boolean"}:
        parse = str if column.kind == "string" else _boolean
    # Most values are short strings, which are checked here to save calls.
    most = _longest(column) if column.kind == "string" and not column.textual else -1
    is_of_ids = column.name in COLUMNS_OF_IDS

    def read(text: str) -> Any:
        if 0 < len(text) <= most:
            if text in KEYWORDS or (is_of_ids and not text.isprintable()):
                _check_text(column, text)
            return text
        if text == "":
            if column.nullable:
                return None
            raise InvalidValueError(f"column {column.name} is empty and may not be null")
        try:
            value = parse(text)
        except ValueError:
            raise InvalidValueError(f"column {column.name} must hold values of type {column.kind}") from None
        return check_value(column, value)

    return read


def _boolean(text: str) -> bool:
    if text.lower() not in BOOLEANS:
        raise ValueError
    return BOOLEANS[text.lower()]


def check_value(column: Column, value: Any) -> Any:
    """Check a value against its column and return it; long text is truncated."""
    if value is None:
        if column.nullable:
            return None
        raise InvalidValueError(f"column {column.name} may not be null")
    if column.kind == "string":
        return _check_string(column, value)
    if column.kind == "boolean":
        if not isinstance(value, bool):
            raise InvalidValueError(f"column {column.name} must be true or false")
        return value
    return _check_number(column, value)


def check_seconds(where: str, number: float) -> None:
    """Check a time in seconds since 1970."""
    if number < 0:
        raise InvalidValueError(f"{where} must be positive epoch seconds")
    if not number < limits.LATEST_TIMESTAMP:
        raise InvalidValueError(f"{where} must hold Unix time in seconds, not in milliseconds")


def fits(number: float, kind: str) -> bool:
    """Return whether a number is finite as a float or double."""
    return abs(number) < REAL[kind]


def _check_string(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValueError(f"column {column.name} must hold strings")
    if column.textual:
        return _plain_text(value)
    most = _longest(column)
    if len(value) > most:
        raise InvalidValueError(f"column {column.name} has a value of {len(value)} characters; it may have {most}")
    _check_text(column, value)
    return value


def id_refusal(text: str) -> str:
    """Return the rule that the id of a user, session, item or action, or an event type, breaks; empty if none."""
    if text in KEYWORDS:
        return f"holds the reserved keyword {text} as a value"
    # Most ids are printable, which is faster to find out.
    if not text.isprintable() and CONTROL_CHARACTER.search(text):
        return "has a control character"
    return ""


def _check_text(column: Column, text: str) -> None:
    rule = id_refusal(text)
    if rule and (text in KEYWORDS or column.name in COLUMNS_OF_IDS):
        raise InvalidValueError(f"column {column.name} {rule}")


def _longest(column: Column) -> int:
    if column.name in ID_COLUMNS:
        return limits.ID_LENGTH
    if column.name == "IMPRESSION":
        return limits.IMPRESSION_LENGTH
    return limits.CATEGORICAL_LENGTH if column.categorical else limits.STRING_LENGTH


def _whole(text: str) -> int:
    # int() would also accept 1_000, spaces and the digits of other scripts.
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise ValueError
    return int(text)


def _real(text: str) -> float:
    # float() would also accept 1_000 and the digits of other scripts.
    if "_" in text or not text.isascii():
        raise ValueError
    return float(text)


def _plain_text(text: str) -> str:
    """Return text without tags, entities and line breaks, truncated, as the service trains on it."""
    if "<" in text:
        text = TAG.sub(" ", text)
    if "&" in text:
        text = ENTITY.sub(" ", text)
    text = LINE_BREAK.sub(" ", text)
    # The beginning of the text suffices to detect the script, and there are many texts.
    beginning = text[:SCRIPT_SAMPLE]
    is_dense = 2 * len(DENSE_SCRIPT.findall(beginning)) > len(beginning)
    return text[: limits.DENSE_TEXTUAL_LENGTH if is_dense else limits.TEXTUAL_LENGTH]


def _check_number(column: Column, value: Any) -> int | float:
    whole = column.kind in WHOLE
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise InvalidValueError(f"column {column.name} must hold values of type {column.kind}")
    number: int | float = value
    if not whole and not fits(number, column.kind):
        raise InvalidValueError(f"column {column.name} must hold finite numbers that fit into its type {column.kind}")
    if whole and not -WHOLE[column.kind] <= number < WHOLE[column.kind]:
        raise InvalidValueError(f"column {column.name} must hold numbers that fit into its type {column.kind}")
    if column.name in TIME_COLUMNS:
        check_seconds(f"column {column.name}", number)
    return number
