"""Schemas, which have no status and exist at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.datasets.limits import SCHEMAS
from model.engine.operations.data.datasets import next_schema
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_not_in_use, check_quota, create_resource, find
from model.engine.storage.control_plane.kinds import DATASET, SCHEMA, Internals

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateSchema."""
    read_schema(request["schema"], request.get("domain"))
    check_quota(engine, caller, SCHEMA, request["name"], SCHEMAS)
    return {"schemaArn": create_resource(engine, caller, SCHEMA, f"schema/{request['name']}", request, Internals()).arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteSchema."""
    schema = find(engine, caller, SCHEMA, request["schemaArn"])
    datasets = list(engine.resources.of_kind(DATASET))
    check_not_in_use(
        "a dataset has the schema", [dataset for dataset in datasets if dataset.document["schemaArn"] == schema.arn]
    )
    check_not_in_use(
        "a dataset is about to have the schema", [dataset for dataset in datasets if next_schema(dataset) == schema.arn]
    )
    engine.resources.remove(schema)
    return {}


RESOURCE_KIND = ResourceKind(
    SCHEMA,
    {
        "CreateSchema": create,
        "DescribeSchema": describe_operation(SCHEMA),
        "ListSchemas": list_operation(SCHEMA, "schemas"),
        "DeleteSchema": delete,
    },
    resume_creation=None,  # it has no status and exists at once
    resume_deletion=None,  # it is gone at once
)
