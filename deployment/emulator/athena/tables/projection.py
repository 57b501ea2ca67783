"""Partition projection: the locations and the allowed values of a table's partitions, from its parameters.

Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html. Athena computes every
partition and looks for its objects. Here the objects are listed and their keys are checked against the projection,
which has the same result and costs nothing for partitions without objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from deployment.emulator.athena.errors import QueryFailedError

Allows = Callable[[str], bool]

# Java's patterns of dates, in Python's directives.
JAVA_PATTERN = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
JAVA_TOKEN = re.compile(r"'([^']*)'|yyyy|MM|dd|HH|mm|ss|.")
RELATIVE = re.compile(r"NOW\s*(?:([+-])\s*(\d+)\s*([A-Z]+?)S?)?")
DAYS = {"YEAR": 365.25, "MONTH": 30.4375, "WEEK": 7, "DAY": 1, "HOUR": 1 / 24, "MINUTE": 1 / 1440, "SECOND": 1 / 86400}


def is_projected(parameters: dict[str, str]) -> bool:
    """Return whether a table's partitions are projected rather than registered."""
    return parameters.get("projection.enabled", "false").lower() == "true"


def location_template(table: dict[str, Any], keys: list[str]) -> str:
    """Return the location of a partition with a ``${name}`` in place of each value, without a slash at the end."""
    parameters, location = table.get("Parameters") or {}, table["StorageDescriptor"]["Location"]
    hive = location.rstrip("/") + "".join(f"/{key}=${{{key}}}" for key in keys)
    return str(parameters.get("storage.location.template", hive)).rstrip("/")


def matcher(template: str) -> tuple[str, re.Pattern[str]]:
    """Return the common prefix of all locations, and a pattern that reads the values from an object's URI."""
    parts = re.split(r"\$\{(\w+)\}", template)
    pattern, seen = "", set()
    for index, part in enumerate(parts):
        if index % 2 == 0:
            pattern += re.escape(part)
        elif part in seen:
            pattern += f"(?P={part})"
        else:
            seen.add(part)
            pattern += f"(?P<{part}>[^/]+)"
    return parts[0], re.compile(pattern + "/")


def allowed_values(parameters: dict[str, str], key: str) -> Allows:
    """Return the function that checks a value against the projection of a partition column.

    A projection that Athena does not have fails with ``INVALID_TABLE_PROPERTY``.
    """
    kind = parameters.get(f"projection.{key}.type", "")
    rules = {"enum": _enum, "integer": _integer, "date": _date, "injected": _injected}
    if kind not in rules:
        raise QueryFailedError("INVALID_TABLE_PROPERTY", f"The projection type of column {key} is '{kind}'")
    try:
        return rules[kind](parameters, key)
    except (KeyError, ValueError) as error:
        raise QueryFailedError(
            "INVALID_TABLE_PROPERTY", f"The projection of column {key} is incomplete: {error}"
        ) from error


def _enum(parameters: dict[str, str], key: str) -> Allows:
    values = {value.strip() for value in parameters[f"projection.{key}.values"].split(",")}
    return lambda value: value in values


def _injected(_parameters: dict[str, str], _key: str) -> Allows:
    return lambda _value: True


def _integer(parameters: dict[str, str], key: str) -> Allows:
    low, high = (int(bound) for bound in parameters[f"projection.{key}.range"].split(","))
    digits = int(parameters.get(f"projection.{key}.digits", 0))
    interval = int(parameters.get(f"projection.{key}.interval", 1))

    def allows(value: str) -> bool:
        if not re.fullmatch(r"-?\d+", value):
            return False
        number = int(value)
        return low <= number <= high and (number - low) % interval == 0 and value == f"{number:0{digits}d}"

    return allows


def _date(parameters: dict[str, str], key: str) -> Allows:
    directives = "".join(
        token[1] if token[1] is not None else JAVA_PATTERN.get(token[0], token[0])
        for token in JAVA_TOKEN.finditer(parameters[f"projection.{key}.format"])
    )
    bounds = parameters[f"projection.{key}.range"].split(",")

    def allows(value: str) -> bool:
        try:
            moment = datetime.strptime(value, directives).replace(tzinfo=UTC)
        except ValueError:
            return False
        # A bound relative to now is truncated to the format's granularity, so both are compared in the format.
        low, high = (_bound(bound.strip(), directives) for bound in bounds)
        return value == moment.strftime(directives) and low <= moment <= high

    return allows


def _bound(text: str, directives: str) -> datetime:
    relative = RELATIVE.fullmatch(text)
    if not relative:
        return datetime.strptime(text, directives).replace(tzinfo=UTC)
    now = datetime.now(UTC)
    if relative[1]:
        moved = timedelta(days=int(relative[2]) * DAYS[relative[3]])
        now = now + moved if relative[1] == "+" else now - moved
    return datetime.strptime(now.strftime(directives), directives).replace(tzinfo=UTC)
