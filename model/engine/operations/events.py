"""PutEvents, PutItems and PutUsers: on disk before they are answered, in effect with the next answer."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from model.engine import limits
from model.engine.avro_schema import REQUIRED, Schema, read_schema
from model.engine.dataset_group import ITEMS, USERS
from model.engine.errors import InvalidInputError, ServiceUnavailableError
from model.engine.logs import log
from model.engine.operations.claims import find_active
from model.engine.records import EventRecord, RowRecord, encode
from model.engine.values import BadValueError, check_value

if TYPE_CHECKING:
    from model.engine.arns import Caller
    from model.engine.engine import Engine


async def put_events(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the id says whose
    """PutEvents."""
    group_arn = engine.group_of_tracker.get(request["trackingId"])
    if group_arn is None:
        raise InvalidInputError("trackingId is of no event tracker")
    events = [_event(request, one, place) for place, one in enumerate(request["eventList"])]
    try:
        places, new = await engine.groups[group_arn].keep_events(events)
    except OSError as error:
        log("failure", operation="PutEvents", error=type(error).__name__, reason=error.strerror)
        raise ServiceUnavailableError("the events could not be written to disk; send them again") from None
    engine.counts.events_received += len(events)
    engine.counts.events_duplicate += len(events) - new
    engine.tell(group_arn, places)
    return {}


async def put_items(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """PutItems."""
    return await _put_rows(engine, caller, ITEMS, request, [(one["itemId"], one) for one in request["items"]])


async def put_users(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """PutUsers."""
    return await _put_rows(engine, caller, USERS, request, [(one["userId"], one) for one in request["users"]])


def _event(request: dict[str, Any], one: dict[str, Any], place: int) -> EventRecord:
    where = f"eventList[{place}]"
    moment = one["sentAt"]
    if not 0 <= moment < limits.LATEST_TIMESTAMP:
        raise InvalidInputError(f"{where}.sentAt must be Unix time in seconds")
    for name in _properties(one.get("properties"), where):
        if name.lower() in limits.PROPERTIES_FORBIDDEN_IN_EVENTS:
            raise InvalidInputError(f"{where}.properties may not hold the keyword {name}")
    record = EventRecord(
        event_id=one.get("eventId") or uuid.uuid4().hex,
        user_id=request.get("userId"),
        session_id=request["sessionId"],
        event_type=one["eventType"],
        item_id=one.get("itemId"),
        time=int(moment),
        value=one.get("eventValue"),
        recommendation_id=one.get("recommendationId"),
        impression=one.get("impression") or [],
        properties=one.get("properties"),
        source=(one.get("metricAttribution") or {}).get("eventAttributionSource"),
    )
    size = len(encode(record))
    if size > limits.EVENT_BYTES:
        raise InvalidInputError(f"{where} has {size} bytes; an event may have {limits.EVENT_BYTES}")
    return record


async def _put_rows(
    engine: Engine, caller: Caller, dataset_type: str, request: dict[str, Any], given: list[tuple[str, dict[str, Any]]]
) -> dict[str, Any]:
    dataset = find_active(engine, caller, "dataset", request["datasetArn"])
    if dataset.document["datasetType"] != dataset_type:
        raise InvalidInputError(f"datasetArn must be of an {dataset_type} dataset")
    schema = read_schema(engine.resources.find("schema", dataset.document["schemaArn"]).document["schema"])
    rows = [
        RowRecord(dataset_type, row_id, _row(schema, _properties(one.get("properties"), f"record {place}"), place))
        for place, (row_id, one) in enumerate(given)
    ]
    try:
        await engine.groups[dataset.document["datasetGroupArn"]].keep_rows(rows)
    except OSError as error:
        log("failure", operation="PutItems or PutUsers", error=type(error).__name__, reason=error.strerror)
        raise ServiceUnavailableError("the records could not be written to disk; send them again") from None
    return {}


def _row(schema: Schema, properties: dict[str, Any], place: int) -> dict[str, Any]:
    columns = schema.by_property()
    unknown = [name for name in properties if name not in columns]
    if unknown:
        raise InvalidInputError(f"record {place} has the property {unknown[0][:64]}, which is not in the schema")
    try:
        return {
            column.name: check_value(column, properties.get(name))
            for name, column in columns.items()
            if column.name not in REQUIRED[schema.dataset_type]
        }
    except BadValueError as error:
        raise InvalidInputError(f"record {place}: {error}") from None


def _properties(text: str | None, where: str) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        raise InvalidInputError(f"{where}.properties is not valid JSON") from None
    if not isinstance(found, dict):
        raise InvalidInputError(f"{where}.properties must be a JSON object in a string")
    return found


OPERATIONS = {"PutEvents": put_events, "PutItems": put_items, "PutUsers": put_users}
