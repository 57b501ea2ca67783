"""Reads the products and users of AWS's retail demo store, which has no events."""

from __future__ import annotations

import json
from bisect import bisect
from typing import TYPE_CHECKING, Any, BinaryIO

import yaml

from data.loaders.files import UnknownFormatError, open_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_GENDERS = {"F": "female", "M": "male"}
_AGE_LIMITS = (25, 35, 45, 55, 65)
_AGE_GROUPS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")


def read_products(path: Path) -> Iterator[dict[str, object]]:
    """Yield the products as items; what a product lacks, its item lacks."""
    # The C parser reads the 2,465 products in half a second, the Python parser in six.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for product, name in _records(path, lambda file: yaml.load(file, Loader=loader)):  # noqa: S506 - both are safe
        levels = [str(product[level]) for level in ("category", "style") if product.get(level)]
        record = {
            "item_id": str(product["id"]),
            "title": product.get("name"),
            "category": "|".join(levels),
            "price": _number(product, "price", name),
            "description": product.get("description"),
        }
        yield {field: value for field, value in record.items() if value is not None and value != ""}


def read_users(path: Path) -> Iterator[dict[str, object]]:
    """Yield the shop's fictional users; what a user lacks, the record lacks."""
    for user, name in _records(path, json.load):
        record: dict[str, object] = {"user_id": str(user["id"])}
        age = _number(user, "age", name)
        if age is not None:
            record["age_group"] = _AGE_GROUPS[bisect(_AGE_LIMITS, age)]
        if user.get("persona"):
            record["interests"] = str(user["persona"]).replace("_", "|")
        if user.get("gender") in _GENDERS:
            record["gender"] = _GENDERS[user["gender"]]
        yield record


def _records(path: Path, parse: Callable[[BinaryIO], Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the records of a file, which are tables with an id, and the name of each for a message."""
    try:
        with open_bytes(path) as file:
            document = parse(file)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UnknownFormatError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(document, list):
        raise UnknownFormatError(f"{path} is no list of records")
    for number, record in enumerate(document, 1):
        name = f"{path}: record {number}"
        if not isinstance(record, dict) or record.get("id") in (None, ""):
            raise UnknownFormatError(f"{name} is no table with an id")
        yield record, name


def _number(record: dict[str, Any], field: str, name: str) -> float | None:
    value = record.get(field)
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UnknownFormatError(f"{name} has the {field} {value!r}, which is no number") from None
