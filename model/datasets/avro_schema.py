"""Reads the Avro schemas of datasets and checks them against the rules of Amazon Personalize."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from model.datasets import limits
from model.datasets.dataset_types import (
    ITEMS,
    KEYS,
    MOST_METADATA,
    OF_DOMAINS,
    OF_EVENTS,
    RECORD_NAMES,
    REQUIRED,
    Field,
    known_fields,
    required_fields,
)
from model.datasets.errors import InvalidSchemaError

NAMESPACE = "com.amazonaws.personalize.schema"
# The service reads names in any case, and any version (conformance corpus).
TYPES_BY_NAME = {name.lower(): dataset_type for name, dataset_type in RECORD_NAMES.items()}
TYPES = {"float", "double", "int", "long", "string", "boolean", "null"}
MARKS = ("categorical", "textual", "itemName")
FIELD_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{limits.COLUMN_NAME_LENGTH - 1}}}")


@dataclass(frozen=True)
class Column:
    """One column of a dataset.

    Attributes
    ----------
    kind : str
        float, double, int, long, string or boolean.
    item_name : bool
        Whether it holds the names of items (for recipes that compare meanings).
    """

    name: str
    kind: str
    nullable: bool
    categorical: bool
    textual: bool
    item_name: bool = False


@dataclass(frozen=True)
class Schema:
    """A dataset's columns.

    Attributes
    ----------
    dataset_type : str
        INTERACTIONS, ITEMS, USERS, ACTIONS or ACTION_INTERACTIONS.
    domain : str or None
        ECOMMERCE or VIDEO_ON_DEMAND; None for a custom dataset group.
    """

    dataset_type: str
    columns: tuple[Column, ...]
    domain: str | None = None

    def by_property(self) -> dict[str, Column]:
        """Return the columns by their names in the Put operations (camelCase)."""
        return self._by_property

    def metadata_by_property(self) -> dict[str, Column]:
        """Return the custom columns by their names in the Put operations (camelCase)."""
        return self._metadata_by_property

    def own(self) -> tuple[Column, ...]:
        """Return the custom columns: those whose names have no meaning for the service."""
        known = known_fields(self.dataset_type, self.domain)
        return tuple(column for column in self.columns if column.name not in known)

    def context(self) -> tuple[Column, ...]:
        """Return the columns of the circumstances of an event: custom categorical columns."""
        return tuple(column for column in self.own() if column.categorical) if self.dataset_type in OF_EVENTS else ()

    def metadata(self) -> tuple[Column, ...]:
        """Return all columns except the id."""
        return tuple(column for column in self.columns if column.name != KEYS.get(self.dataset_type))

    @cached_property
    def _by_property(self) -> dict[str, Column]:
        return {property_name(column.name): column for column in self.columns}

    @cached_property
    def _metadata_by_property(self) -> dict[str, Column]:
        return {property_name(column.name): column for column in self.own()}


def property_name(column: str) -> str:
    """Return the name of a column in the Put operations: camelCase."""
    first, *rest = column.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


@lru_cache(maxsize=limits.SCHEMAS)
def read_schema(text: str, domain: str | None = None) -> Schema:
    """Read an Avro schema and check it against the rules for datasets.

    Parameters
    ----------
    domain : str, optional
        ECOMMERCE or VIDEO_ON_DEMAND, which require more fields.

    Raises
    ------
    InvalidSchemaError
        The text is not JSON or not a record, or breaks a rule.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSchemaError(f"the schema is not valid JSON: {error}") from None
    if not isinstance(document, dict) or document.get("type") != "record":
        raise InvalidSchemaError('the schema must be an object of "type": "record"')
    if document.get("namespace") != NAMESPACE:
        raise InvalidSchemaError(f'the schema must have "namespace": "{NAMESPACE}"')
    dataset_type = TYPES_BY_NAME.get(str(document.get("name")).lower())
    if dataset_type is None:
        raise InvalidSchemaError(f'the schema\'s "name" must be one of {", ".join(RECORD_NAMES)}')
    if domain is not None and dataset_type not in OF_DOMAINS:
        raise InvalidSchemaError(f"a schema for {dataset_type} may not have a domain, and this one has {domain}")
    fields = document.get("fields")
    if not isinstance(fields, list) or not fields:
        raise InvalidSchemaError('the schema must have a list of "fields"')
    schema = Schema(dataset_type, tuple(_read_column(field) for field in fields), domain)
    _check_names(schema)
    _check_known_fields(schema)
    _check_metadata(schema)
    return schema


def _read_column(field: Any) -> Column:
    if not isinstance(field, dict) or not isinstance(field.get("name"), str):
        raise InvalidSchemaError('each field of the schema must be an object with a "name"')
    name = field["name"]
    if FIELD_NAME.fullmatch(name) is None:
        raise InvalidSchemaError(
            f"the field name {name[: limits.COLUMN_NAME_LENGTH]!r} must be letters, digits and underscores, "
            f"{limits.COLUMN_NAME_LENGTH} at most"
        )
    stated = field.get("type")
    kinds = stated if isinstance(stated, list) else [stated]
    if not all(isinstance(kind, str) and kind in TYPES for kind in kinds):
        raise InvalidSchemaError(f"the type of field {name} must be of {', '.join(sorted(TYPES))}")
    real = [kind for kind in kinds if kind != "null"]
    if len(real) != 1:
        raise InvalidSchemaError(f"field {name} must have one type, which may be joined with null")
    marks = [field.get(mark, False) for mark in MARKS]
    for mark, value in zip(MARKS, marks, strict=True):
        if not isinstance(value, bool):
            raise InvalidSchemaError(f'field {name}: "{mark}" must be true or false')
    return Column(name, str(real[0]), "null" in kinds, *marks)


def _check_names(schema: Schema) -> None:
    bare: dict[str, str] = {}
    for column in schema.columns:
        other = bare.setdefault(re.sub(r"[^A-Za-z0-9]", "", column.name).upper(), column.name)
        if other != column.name or sum(same.name == column.name for same in schema.columns) > 1:
            raise InvalidSchemaError(f"the fields {other} and {column.name} are the same once underscores are dropped")


def _check_known_fields(schema: Schema) -> None:
    by_name = {column.name: column for column in schema.columns}
    described = f"{schema.dataset_type} in the domain {schema.domain}" if schema.domain else schema.dataset_type
    for name in required_fields(schema.dataset_type, schema.domain):
        if name not in by_name:
            raise InvalidSchemaError(f"a schema for {described} must have the field {name}")
    for name, field in known_fields(schema.dataset_type, schema.domain).items():
        if name in by_name:
            _check_field(by_name[name], field)


def _check_field(column: Column, field: Field) -> None:
    if column.kind not in field.kinds or (column.nullable and not field.nullable):
        allowed = f"{' or '.join(field.kinds)}{'' if field.nullable else ' and not null'}"
        raise InvalidSchemaError(f"field {column.name} must be of type {allowed}")
    if field.categorical and not column.categorical:
        raise InvalidSchemaError(f'field {column.name} must have "categorical": true')
    if field.textual and not column.textual:
        raise InvalidSchemaError(f'field {column.name} must have "textual": true')
    if column.categorical and not field.categorical:
        raise InvalidSchemaError(f"field {column.name} may not be categorical")


def _check_metadata(schema: Schema) -> None:
    dataset_type, own = schema.dataset_type, schema.own()
    if dataset_type not in OF_EVENTS and len(schema.columns) == len(REQUIRED[dataset_type]):
        raise InvalidSchemaError(f"a schema for {dataset_type} must have at least one metadata field")
    if len(own) > MOST_METADATA[dataset_type]:
        raise InvalidSchemaError(
            f"a schema for {dataset_type} may have {MOST_METADATA[dataset_type]} metadata fields, not {len(own)}"
        )
    for column in schema.columns:
        if column.categorical and column.kind != "string":
            raise InvalidSchemaError(f"field {column.name}: categorical is for string fields")
        for mark, is_set in (("textual", column.textual), ("itemName", column.item_name)):
            if is_set and (dataset_type != ITEMS or column.kind != "string" or column.name in REQUIRED[ITEMS]):
                raise InvalidSchemaError(f"field {column.name}: {mark} is for string fields of Items")
        if column.categorical and column.textual:
            raise InvalidSchemaError(f"field {column.name} may be categorical or textual, not both")
    for mark, marked in (
        ("textual", [column.name for column in schema.columns if column.textual]),
        ("itemName", [column.name for column in schema.columns if column.item_name]),
    ):
        if len(marked) > 1:
            raise InvalidSchemaError(f"one field may be {mark}, not {' and '.join(marked)}")
