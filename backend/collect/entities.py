"""Items and users: stored in the lake first, then in the entity table that is read at serving time."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from backend.aws.conditional_write import MAX_BYTES_PER_CALL, MAX_PUTS_PER_CALL, put_unless_later
from backend.aws.errors import error_name
from backend.aws.objects import put_object
from backend.aws.retries import CallRefusedError, RetriesExhaustedError, call_with_retries, jittered_pauses
from backend.collect.categories import add_categories
from backend.collect.intake import count_outcomes, store_bad_rows
from backend.collect.verdicts import NOT_STORED, STREAM_THROTTLED, RecordVerdict
from backend.contract import Item, Refusal, User, write_item, write_user
from backend.contract.products import index_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from backend.aws.batch_write import TableItem
    from backend.collect.submission import Submission

EntityKind = Literal["items", "users"]

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_logger = logging.getLogger(__name__)


def store_entities(
    kind: EntityKind, entities: Sequence[Item | User | Refusal], submission: Submission
) -> list[RecordVerdict]:
    """Store items or users and return one verdict per record; `accepted` ones are in the lake and in the table.

    Of several records with one id the last is stored; the table keeps one that was received later than these.
    """
    refused = [entity for entity in entities if isinstance(entity, Refusal)]
    lines = {_id(entity): _write(entity) for entity in entities if not isinstance(entity, Refusal)}
    unstored = _store(kind, lines, submission)
    store_bad_rows(refused, submission)
    verdicts = []
    for index, entity in enumerate(entities):
        if isinstance(entity, Refusal):
            verdicts.append(RecordVerdict(index, "refused", errors=entity.errors, reason=entity.reason))
        elif _id(entity) in unstored:
            verdicts.append(RecordVerdict(index, "retry", id=_id(entity), reason=unstored[_id(entity)]))
        else:
            verdicts.append(RecordVerdict(index, "accepted", id=_id(entity)))
    count_outcomes(verdicts, len(entities), submission.dependencies.count)
    return verdicts


def _store(kind: EntityKind, lines: Mapping[str, bytes], submission: Submission) -> dict[str, str]:
    """Store the canonical lines; return the reason of each that is not stored, by id."""
    if not lines:
        return {}
    dependencies, received_at = submission.dependencies, submission.received_at
    items = {item_id: _decode(line) for item_id, line in lines.items()} if kind == "items" else {}
    body = b"".join(line + b"\n" for line in lines.values())
    key = f"raw/{kind}/ingest_date={received_at:%Y-%m-%d}/{submission.object_name}.jsonl"
    try:
        call_with_retries(
            lambda: put_object(key, body, dependencies.s3, dependencies.lake_bucket),
            submission.deadline,
        )
        add_categories([item["category"] for item in items.values() if item.get("category")], submission)
    except (CallRefusedError, RetriesExhaustedError) as error:
        cause = error_name(error.__cause__ or error)
        _logger.error("%d %s could not be stored: %s", len(lines), kind, cause)  # noqa: TRY400
        return dict.fromkeys(lines, NOT_STORED)
    updated_at = str(int(received_at.timestamp() * 1000))
    # Users are personal data and expire; items stay, and are in the index of products.
    expires_at = received_at + timedelta(days=dependencies.user_days)
    expiry: TableItem = {"expires_at": {"N": str(int(expires_at.timestamp()))}}
    pending: dict[str, TableItem] = {
        entity_id: {
            "entity": {"S": f"{kind[:-1]}#{entity_id}"},
            "attributes": {"S": line.decode()},
            "updated_at": {"N": updated_at},
            **(index_attributes(items[entity_id]) if kind == "items" else expiry),
        }
        for entity_id, line in lines.items()
    }
    pauses = jittered_pauses()
    while True:
        pending, reason = _put_once(pending, submission)
        if not pending or not submission.deadline.wait(next(pauses)):
            return dict.fromkeys(pending, reason)


def _put_once(pending: dict[str, TableItem], submission: Submission) -> tuple[dict[str, TableItem], str]:
    """Write the items once; return those that are still to be written, and the reason."""
    unwritten: dict[str, TableItem] = {}
    reason = STREAM_THROTTLED
    dependencies = submission.dependencies
    for chunk in _chunks(pending):
        left = chunk
        # Once more at once without those that are superseded, which do not make the others wait.
        for _ in range(2):
            if submission.deadline.seconds_left <= 0:
                reason = NOT_STORED
                break
            try:
                items = put_unless_later(list(left.values()), dependencies.dynamodb, dependencies.entities_table)
            except Exception as error:  # noqa: BLE001 - an answer that is not AWS's raises whatever the parser meets
                _logger.warning("%d items or users could not be written to the table: %s", len(left), error_name(error))
                reason = NOT_STORED
                break
            names = {item["entity"]["S"] for item in items}
            is_cleared = len(items) < len(left)
            left = {entity_id: item for entity_id, item in left.items() if item["entity"]["S"] in names}
            if not left or not is_cleared:
                break
        unwritten |= left
    return unwritten, reason


def _chunks(items: Mapping[str, TableItem]) -> Iterator[dict[str, TableItem]]:
    """Yield the items in groups that one call takes."""
    chunk: dict[str, TableItem] = {}
    size = 0
    for entity_id, item in items.items():
        bytes_ = sum(len(text.encode()) for value in item.values() for text in value.values())
        if chunk and (len(chunk) == MAX_PUTS_PER_CALL or size + bytes_ > MAX_BYTES_PER_CALL):
            yield chunk
            chunk, size = {}, 0
        chunk[entity_id] = item
        size += bytes_
    if chunk:
        yield chunk


def _id(entity: Item | User) -> str:
    return entity.item_id if isinstance(entity, Item) else entity.user_id


def _write(entity: Item | User) -> bytes:
    return write_item(entity) if isinstance(entity, Item) else write_user(entity)
