"""Streamed data: events, action interactions, items, users and actions.

A request is answered when its records are on disk; they affect the next recommendations.
"""

from __future__ import annotations

import json
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from model.datasets.avro_schema import Schema, read_schema
from model.datasets.dataset_types import ACTIONS, INTERACTIONS, ITEMS, USERS
from model.datasets.errors import InvalidValueError
from model.datasets.limits import ID_LENGTH
from model.datasets.values import check_seconds, check_value, fits, id_refusal
from model.engine.monitoring.logs import log
from model.engine.operations.resources.rules import find_active
from model.engine.operations.serving.metric_attributions import count_events
from model.engine.personalize import limits
from model.engine.personalize.errors import (
    InvalidInputError,
    LimitExceededError,
    ResourceNotFoundError,
    ServiceUnavailableError,
)
from model.engine.storage.control_plane.kinds import DATASET, SCHEMA
from model.engine.storage.event_log.records import ActionRecord, EventRecord, RowRecord, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.engine.operations.resources.kind import Operations
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.engine.storage.dataset_group import DatasetGroup
    from model.engine.storage.interactions.store import InteractionStore

AnyEvent = TypeVar("AnyEvent", bound=EventRecord)


async def put_events(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """PutEvents."""
    group_arn = engine.group_of_tracker.get(request["trackingId"])
    # Without keys a client can claim any account, so the trackingId alone selects the dataset group.
    if group_arn is None or (engine.settings.keys and not group_arn.startswith(caller.prefix)):
        raise InvalidInputError("no event tracker has this trackingId")
    text = engine.schema_text(group_arn, INTERACTIONS)
    schema = read_schema(text) if text else None
    _check_ids(request, "", "userId", "sessionId")
    events = [_event(request, entry, schema, f"eventList[{place}]") for place, entry in enumerate(request["eventList"])]
    events = [_with_impression(engine, group_arn, event) for event in events]
    await _store_events(engine, group_arn, events, "PutEvents")
    return {}


async def put_action_interactions(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """PutActionInteractions: the tracking id is that of the Action_Interactions dataset."""
    tracked = next(engine.resources.of_kind(DATASET, trackingId=request["trackingId"]), None)
    if tracked is None:
        raise ResourceNotFoundError("no Action_Interactions dataset has this trackingId")
    dataset = find_active(engine, caller, DATASET, tracked.arn)
    schema = _read_schema(engine, dataset.document["schemaArn"])
    given = request["actionInteractions"]
    events = [_action_event(entry, schema, f"actionInteractions[{place}]") for place, entry in enumerate(given)]
    await _store_events(engine, dataset.document["datasetGroupArn"], events, "PutActionInteractions")
    return {}


async def put_items(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """PutItems."""
    return await _put_rows(engine, caller, ITEMS, request, "items", "itemId")


async def put_users(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """PutUsers."""
    return await _put_rows(engine, caller, USERS, request, "users", "userId")


async def put_actions(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """PutActions."""
    return await _put_rows(engine, caller, ACTIONS, request, "actions", "actionId")


async def _store_events(engine: Engine, group_arn: str, events: Sequence[EventRecord], operation: str) -> None:
    group, of_actions = engine.groups[group_arn], operation == "PutActionInteractions"
    _check_event_types(group.action_interactions if of_actions else group.interactions, events)
    on_stored = partial(engine.served.update_models, group_arn, of_actions=of_actions)
    try:
        new = await group.store_events(events, on_stored)
    except OSError as error:
        log("failure", operation=operation, error=type(error).__name__, reason=error.strerror)
        raise ServiceUnavailableError("the events could not be written to disk; send them again") from None
    engine.counts.events_received += len(events)
    engine.counts.events_duplicate += len(events) - len(new)
    if operation == "PutEvents":
        count_events(engine, group_arn, new)


def _check_event_types(stored: InteractionStore, events: Sequence[EventRecord]) -> None:
    """Refuse new event types beyond the limit: a client that writes ids into them would fill the memory with names."""
    new = {event.event_type for event in events if not stored.has_event_type(event.event_type)}
    if new and stored.event_type_count + len(new) > limits.EVENT_TYPES:
        raise InvalidInputError(
            f"the events have new event types, and there are {stored.event_type_count} already; "
            f"there may be {limits.EVENT_TYPES}: an event type is a kind of action, such as View"
        )


def _event(request: dict[str, Any], one: dict[str, Any], schema: Schema | None, where: str) -> EventRecord:
    _check_ids(one, f"{where}.", "eventType", "itemId")
    properties = _properties(one.get("properties"), where)
    item_id, value = _item_and_value(one, properties, where)
    record = EventRecord(
        event_id=one.get("eventId") or uuid.uuid4().hex,
        user_id=request.get("userId"),
        session_id=request["sessionId"],
        event_type=one["eventType"],
        item_id=item_id,
        time=_seconds(one["sentAt"], f"{where}.sentAt"),
        value=value,
        recommendation_id=one.get("recommendationId"),
        impression=_impression(one, where),
        properties=one.get("properties"),
        source=(one.get("metricAttribution") or {}).get("eventAttributionSource"),
        context=_context(properties, schema, where),
        arrived=_arrival(one["sentAt"]),
    )
    return _check_size(record, where)


def _item_and_value(one: dict[str, Any], properties: dict[str, Any], where: str) -> tuple[str | None, float | None]:
    """Return the item and the value of an event, from its members or else from its properties.

    Source: developer guide, "Recording multiple item interaction events with event value data".
    """
    item_id, value = one.get("itemId"), one.get("eventValue")
    if item_id is None:
        item_id = properties.get("itemId")
        if item_id is not None and not (isinstance(item_id, str) and 1 <= len(item_id) <= ID_LENGTH):
            raise InvalidInputError(f"{where}.properties.itemId must be a string of 1 to {ID_LENGTH} characters")
        _check_ids(properties, f"{where}.properties.", "itemId")
    if value is None:
        value = properties.get("eventValue")
        if value is not None and type(value) not in {int, float}:
            raise InvalidInputError(f"{where}.properties.eventValue must be a number")
    if value is not None and not fits(value, "float"):
        raise InvalidInputError(f"{where}.eventValue must be a finite number that fits into the type float")
    return item_id, value


def _with_impression(engine: Engine, group_arn: str, event: EventRecord) -> EventRecord:
    """Add the recommended list as impression to an event that has a recommendationId but no impression.

    Developer guide, "Recording item interaction events with impressions data": explicit impressions have priority.
    """
    shown = engine.served_lists.find(event.recommendation_id, group_arn)
    if shown is None or event.impression:
        return event
    return msgspec.structs.replace(event, impression=list(shown.item_ids))


def _action_event(one: dict[str, Any], schema: Schema, where: str) -> ActionRecord:
    _check_ids(one, f"{where}.", "actionId", "eventType", "userId", "sessionId")
    record = ActionRecord(
        event_id=one.get("eventId") or uuid.uuid4().hex,
        user_id=one.get("userId"),
        session_id=one["sessionId"],
        event_type=one["eventType"],
        item_id=one["actionId"],
        time=_seconds(one["timestamp"], f"{where}.timestamp"),
        recommendation_id=one.get("recommendationId"),
        impression=_impression(one, where),
        properties=one.get("properties"),
        context=_context(_properties(one.get("properties"), where), schema, where),
        arrived=_arrival(one["timestamp"]),
    )
    return _check_size(record, where)


def _check_ids(given: dict[str, Any], inside: str, *members: str) -> None:
    """Refuse ids, and event types, that an import refuses."""
    for name in members:
        value = given.get(name)
        if value is not None and (rule := id_refusal(value)):
            raise InvalidInputError(f"{inside}{name} {rule}")


def _impression(one: dict[str, Any], where: str) -> list[str]:
    impression: list[str] = one.get("impression") or []
    for place, item_id in enumerate(impression):
        if rule := id_refusal(item_id):
            raise InvalidInputError(f"{where}.impression[{place}] {rule}")
    return impression


def _seconds(moment: float, where: str) -> int:
    check_seconds(where, moment)
    return int(moment)


def _arrival(moment: float) -> int | None:
    """Return the present time where a moment is far in the future; small differences of clocks make none."""
    now = time.time()
    return int(now) if moment > now + limits.FUTURE_SECONDS else None


def _context(properties: dict[str, Any], schema: Schema | None, where: str) -> dict[str, str] | None:
    """Check the properties of an event and return those that are contextual metadata, by column."""
    for name in properties:
        if name.lower() in limits.PROPERTIES_FORBIDDEN_IN_EVENTS:
            raise InvalidInputError(f"{where}.properties may not hold the keyword {name}")
    if schema is None:
        return None
    columns, context = schema.metadata_by_property(), {}
    for name, value in properties.items():
        column = columns.get(name)
        if column is None:
            continue  # the schema has no such column
        try:
            checked = check_value(column, value)
        except InvalidValueError as error:
            raise InvalidInputError(f"{where}.properties: {error}") from None
        if column.categorical and checked is not None:
            context[column.name] = str(checked)
    return context or None


def _check_size(record: AnyEvent, where: str) -> AnyEvent:
    size = len(encode(record))
    if size > limits.EVENT_BYTES:
        raise InvalidInputError(f"{where} has {size} bytes; an event may have {limits.EVENT_BYTES}")
    return record


async def _put_rows(
    engine: Engine, caller: Caller, dataset_type: str, request: dict[str, Any], member: str, id_member: str
) -> dict[str, Any]:
    for place, entry in enumerate(request[member]):
        _check_ids(entry, f"{member}[{place}].", id_member)
    dataset = find_active(engine, caller, DATASET, request["datasetArn"])
    if dataset.document["datasetType"] != dataset_type:
        raise InvalidInputError(f"datasetArn must be of an {dataset_type} dataset")
    schema = _read_schema(engine, dataset.document["schemaArn"])
    rows = [
        RowRecord(
            dataset_type, entry[id_member], _row(schema, _properties(entry.get("properties"), f"record {place}"), place)
        )
        for place, entry in enumerate(request[member])
    ]
    group_arn = dataset.document["datasetGroupArn"]
    if dataset_type == ACTIONS:
        _check_number_of_actions(engine.groups[group_arn], rows)
    try:
        by_id = {record.row_id: record.row for record in rows}
        on_stored = partial(engine.served.update_items, group_arn, dataset_type, by_id)
        await engine.groups[group_arn].store_rows(rows, on_stored)
    except OSError as error:
        log("failure", operation="PutItems, PutUsers or PutActions", error=type(error).__name__, reason=error.strerror)
        raise ServiceUnavailableError("the records could not be written to disk; send them again") from None
    return {}


def _check_number_of_actions(group: DatasetGroup, rows: list[RowRecord]) -> None:
    count = len(group.rows[ACTIONS].all().keys() | {row.row_id for row in rows})
    if count > limits.ACTIONS:
        raise LimitExceededError(f"a dataset may have {limits.ACTIONS} actions; with this call it would have {count}")


def _row(schema: Schema, properties: dict[str, Any], place: int) -> dict[str, Any]:
    columns = schema.by_property()
    unknown = [name for name in properties if name not in columns]
    if unknown:
        raise InvalidInputError(f"record {place} has the property {unknown[0][:64]}, which is not in the schema")
    try:
        by_column = {column.name: properties.get(name) for name, column in columns.items()}
        return {column.name: check_value(column, by_column[column.name]) for column in schema.metadata()}
    except InvalidValueError as error:
        raise InvalidInputError(f"record {place}: {error}") from None


def _properties(text: str | None, where: str) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        properties = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInputError(f"{where}.properties is not valid JSON") from None
    if not isinstance(properties, dict):
        raise InvalidInputError(f"{where}.properties must be a JSON object in a string")
    if "\\u" in text and _has_surrogate(properties):
        raise InvalidInputError(f"{where}.properties has a part of a character: a text was cut within a surrogate pair")
    return properties


def _has_surrogate(properties: dict[str, Any]) -> bool:
    """Return whether a text, of which JSON can escape any half, has a half of a surrogate pair, which no file can."""
    try:
        json.dumps(properties, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _read_schema(engine: Engine, schema_arn: str) -> Schema:
    return read_schema(engine.resources.find(SCHEMA, schema_arn).document["schema"])


OPERATIONS: Operations = {
    "PutEvents": put_events,
    "PutActionInteractions": put_action_interactions,
    "PutItems": put_items,
    "PutUsers": put_users,
    "PutActions": put_actions,
}
