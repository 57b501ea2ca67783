"""Schemas: they have no status and are there at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.datasets.limits import SCHEMAS
from model.engine.operations.data.datasets import next_schema
from model.engine.operations.resources.pages import page
from model.engine.operations.resources.rules import check_quota, claim, find, refuse_while

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

KIND = "schema"


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateSchema."""
    read_schema(request["schema"], request.get("domain"))
    check_quota(engine, caller, KIND, SCHEMAS)
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
    datasets = list(engine.resources.of_kind("dataset"))
    refuse_while("a dataset has the schema", [one for one in datasets if one.document["schemaArn"] == schema.arn])
    refuse_while("a dataset is about to have the schema", [one for one in datasets if next_schema(one) == schema.arn])
    engine.resources.remove(schema)
    return {}


CACHES = {"schemas": read_schema.cache_info}
OPERATIONS = {"CreateSchema": create, "DescribeSchema": describe, "ListSchemas": list_all, "DeleteSchema": delete}
