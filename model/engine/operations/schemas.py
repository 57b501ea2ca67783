"""Schemas: they have no status and are there at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine import limits
from model.engine.avro_schema import read_schema
from model.engine.errors import InvalidInputError
from model.engine.operations.claims import check_quota, claim, find, refuse_while
from model.engine.operations.pages import page

if TYPE_CHECKING:
    from model.engine.arns import Caller
    from model.engine.engine import Engine

KIND = "schema"


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateSchema."""
    if request.get("domain"):
        raise InvalidInputError("schemas of a domain are not offered yet: leave domain out for a custom one")
    read_schema(request["schema"])
    check_quota(engine, caller, KIND, limits.SCHEMAS)
    return {"schemaArn": claim(engine, caller, KIND, f"schema/{request['name']}", request).arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeSchema."""
    return {"schema": find(engine, caller, KIND, request["schemaArn"]).document}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListSchemas."""
    return page(caller, request, "schemas", engine.resources.of_kind(KIND))


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteSchema."""
    schema = find(engine, caller, KIND, request["schemaArn"])
    refuse_while("a dataset has the schema", list(engine.resources.of_kind("dataset", schemaArn=schema.arn)))
    engine.resources.remove(schema)
    return {}


OPERATIONS = {"CreateSchema": create, "DescribeSchema": describe, "ListSchemas": list_all, "DeleteSchema": delete}
