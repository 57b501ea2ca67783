"""Avro schemas of datasets: what they must hold, and the columns they describe."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from model.engine import limits
from model.engine.errors import InvalidInputError

NAMESPACE = "com.amazonaws.personalize.schema"
TYPES = {"float", "double", "int", "long", "string", "boolean", "null"}
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RECORD_NAMES = {"Interactions": "INTERACTIONS", "Items": "ITEMS", "Users": "USERS"}

# Required and reserved fields per dataset type (developer guide, "Schemas").
REQUIRED = {
    "INTERACTIONS": {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
    "ITEMS": {"ITEM_ID": "string"},
    "USERS": {"USER_ID": "string"},
}
RESERVED = {
    "INTERACTIONS": {"EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE"},
    "ITEMS": {"CREATION_TIMESTAMP"},
    "USERS": set[str](),
}
MOST_METADATA = {
    "INTERACTIONS": limits.INTERACTIONS_METADATA_COLUMNS,
    "ITEMS": limits.ITEMS_METADATA_COLUMNS,
    "USERS": limits.USERS_METADATA_COLUMNS,
}
KEYWORDS = frozenset(REQUIRED["INTERACTIONS"]) | RESERVED["INTERACTIONS"] | RESERVED["ITEMS"]


@dataclass(frozen=True)
class Column:
    """One column of a dataset.

    Attributes
    ----------
    name, kind : str
        The kind is float, double, int, long, string or boolean.
    nullable, categorical, textual : bool
    """

    name: str
    kind: str
    nullable: bool
    categorical: bool
    textual: bool


@dataclass(frozen=True)
class Schema:
    """A dataset's columns.

    Attributes
    ----------
    dataset_type : str
        INTERACTIONS, ITEMS or USERS.
    columns : tuple of Column
    """

    dataset_type: str
    columns: tuple[Column, ...]

    def by_property(self) -> dict[str, Column]:
        """Return the columns by the names they have in PutEvents, PutItems and PutUsers (camelCase)."""
        return {property_name(column.name): column for column in self.columns}


def property_name(column: str) -> str:
    """Return the camelCase of a column's name, as the Put operations use it.

    Parameters
    ----------
    column : str

    Returns
    -------
    str
    """
    first, *rest = column.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


def read_schema(text: str) -> Schema:
    """Read an Avro schema and check it against the rules for datasets.

    Parameters
    ----------
    text : str

    Returns
    -------
    Schema

    Raises
    ------
    InvalidInputError
        It is no JSON, no record, or breaks a rule.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"the schema is not valid JSON: {error}") from None
    if not isinstance(document, dict) or document.get("type") != "record":
        raise InvalidInputError('the schema must be an object of "type": "record"')
    if document.get("namespace") != NAMESPACE:
        raise InvalidInputError(f'the schema must have "namespace": "{NAMESPACE}"')
    dataset_type = RECORD_NAMES.get(str(document.get("name")))
    if dataset_type is None:
        raise InvalidInputError(f'the schema\'s "name" must be one of {", ".join(RECORD_NAMES)}')
    fields = document.get("fields")
    if not isinstance(fields, list) or not fields:
        raise InvalidInputError('the schema must have a list of "fields"')
    columns = tuple(_read_column(field) for field in fields)
    _check_columns(dataset_type, columns)
    return Schema(dataset_type, columns)


def _read_column(field: Any) -> Column:
    if not isinstance(field, dict) or not isinstance(field.get("name"), str):
        raise InvalidInputError('each field of the schema must be an object with a "name"')
    name = field["name"]
    if FIELD_NAME.fullmatch(name) is None:
        raise InvalidInputError(f"the field name {name!r} must be letters, digits and underscores")
    stated = field.get("type")
    kinds = stated if isinstance(stated, list) else [stated]
    if not all(isinstance(kind, str) and kind in TYPES for kind in kinds):
        raise InvalidInputError(f"the type of field {name} must be of {', '.join(sorted(TYPES))}")
    real = [kind for kind in kinds if kind != "null"]
    if len(real) != 1:
        raise InvalidInputError(f"field {name} must have one type, which may be joined with null")
    return Column(name, str(real[0]), "null" in kinds, field.get("categorical") is True, field.get("textual") is True)


def _check_columns(dataset_type: str, columns: tuple[Column, ...]) -> None:
    _check_names(dataset_type, columns)
    own = [one for one in columns if one.name not in REQUIRED[dataset_type] and one.name not in RESERVED[dataset_type]]
    if dataset_type != "INTERACTIONS" and len(columns) == len(REQUIRED[dataset_type]):
        raise InvalidInputError(f"a schema for {dataset_type} must have at least one metadata field")
    if len(own) > MOST_METADATA[dataset_type]:
        raise InvalidInputError(
            f"a schema for {dataset_type} may have {MOST_METADATA[dataset_type]} metadata fields, not {len(own)}"
        )
    for column in columns:
        if column.textual and (dataset_type != "ITEMS" or column.kind != "string"):
            raise InvalidInputError(f"field {column.name}: textual is for string fields of Items")
        if column.categorical and column.name in REQUIRED[dataset_type]:
            raise InvalidInputError(f"field {column.name} may not be categorical")


def _check_names(dataset_type: str, columns: tuple[Column, ...]) -> None:
    bare: dict[str, str] = {}
    for column in columns:
        other = bare.setdefault(re.sub(r"[^A-Za-z0-9]", "", column.name).upper(), column.name)
        if other != column.name or sum(one.name == column.name for one in columns) > 1:
            raise InvalidInputError(f"the fields {other} and {column.name} are the same once underscores are dropped")
    by_name = {column.name: column for column in columns}
    for name, kind in REQUIRED[dataset_type].items():
        found = by_name.get(name)
        if found is None:
            raise InvalidInputError(f"a schema for {dataset_type} must have the field {name}")
        if found.kind != kind or found.nullable:
            raise InvalidInputError(f"field {name} must be of type {kind} and not null")
