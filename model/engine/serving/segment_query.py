"""Queries of batch segment jobs for the Item-Attribute-Affinity recipe: the attributes that items must have.

Developer guide, "Specifying item attributes for the Item-Attribute-Affinity recipe": equality, joined by AND.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from model.engine.filters.expression import number_of
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from model.datasets.avro_schema import Column, Schema

CONDITION = re.compile(
    r"""\s*ITEMS\.(?P<column>[A-Za-z_]\w*)\s*=\s*
    (?: "(?P<text>(?:[^"\\]|\\.)*)" | (?P<number>[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?) )\s*""",
    re.IGNORECASE | re.VERBOSE,
)
AND = re.compile(r"AND\b", re.IGNORECASE)
ESCAPED = re.compile(r"\\(.)")
SHOWN_LENGTH = 40  # of the rest of an expression that a message repeats


def read_query(expression: str, schema: Schema) -> list[tuple[str, str | float]]:
    r"""Read an expression such as `ITEMS.genres = "Comedy" AND ITEMS.year = 1995`.

    Parameters
    ----------
    schema : Schema
        Of the Items dataset; names of columns ignore case.

    Returns
    -------
    list of (column, value)
        An item must have all of them.
    """
    columns = {column.name.upper(): column for column in schema.columns}
    wanted: list[tuple[str, str | float]] = []
    place = 0
    while True:
        condition = CONDITION.match(expression, place)
        if condition is None:
            rest = expression[place : place + SHOWN_LENGTH]
            raise InvalidInputError(f'itemAttributes must be ITEMS.column = "value" at {rest!r}')
        column = columns.get(condition["column"].upper())
        if column is None:
            raise InvalidInputError(f"the Items dataset has no column {condition['column']}")
        wanted.append((column.name, _value(column, condition)))
        place = condition.end()
        if place == len(expression):
            return wanted
        joint = AND.match(expression, place)
        if joint is None:
            rest = expression[place : place + SHOWN_LENGTH]
            raise InvalidInputError(f"itemAttributes may join conditions by AND only, at {rest!r}")
        place = joint.end()


def _value(column: Column, condition: re.Match[str]) -> str | float:
    if column.textual:
        raise InvalidInputError(f"the column {column.name} is textual: segments cannot use it")
    if column.kind == "string":
        if condition["text"] is None:
            raise InvalidInputError(f"the column {column.name} holds strings: put the value in double quotes")
        return ESCAPED.sub(r"\1", condition["text"])
    if column.kind == "boolean":
        raise InvalidInputError(f"the column {column.name} is boolean: segments cannot use it")
    if condition["number"] is None:
        raise InvalidInputError(f"the column {column.name} holds numbers: leave the quotes out")
    return number_of(condition["number"])
