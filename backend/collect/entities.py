"""Items and users: first into the lake, where they last, then into the table that the recommender is asked beside."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from backend.collect.bad_rows import keep
from backend.collect.failure import name_of
from backend.collect.intake import tally
from backend.collect.verdicts import NOT_STORED, STREAM_THROTTLED, Verdict
from backend.contract import Item, Refusal, User, write_item, write_user

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

    from backend.collect.services import Patience, Services

EntityKind = Literal["items", "users"]

MAX_WRITES_PER_CALL = 25
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0

_logger = logging.getLogger(__name__)


def take_entities(
    kind: EntityKind,
    entities: Sequence[Item | User | Refusal],
    services: Services,
    patience: Patience,
    name: str,
    now: datetime,
) -> list[Verdict]:
    """Take items or users, and say of each what became of it.

    Parameters
    ----------
    kind
        Which of the two they are.
    entities
        As they were read.
    services
        Where they go.
    patience
        How long to insist where the table refuses.
    name
        What the objects in the lake and in the bad rows are called.
    now
        When they came.

    Returns
    -------
    list[Verdict]
        By position; `accepted` only what the lake and the table have.
    """
    refused = [entity for entity in entities if isinstance(entity, Refusal)]
    # Whatever comes twice is as it was said last.
    written = {_id(entity): _write(entity) for entity in entities if not isinstance(entity, Refusal)}
    unstored = _store(kind, written, services, patience, name, now)
    keep(refused, services, name, now)
    verdicts = []
    for index, entity in enumerate(entities):
        if isinstance(entity, Refusal):
            verdicts.append(Verdict(index, "refused", errors=entity.errors, reason=entity.reason))
        elif _id(entity) in unstored:
            verdicts.append(Verdict(index, "retry", id=_id(entity), reason=unstored[_id(entity)]))
        else:
            verdicts.append(Verdict(index, "accepted", id=_id(entity)))
    tally(verdicts, len(entities), services)
    return verdicts


def _store(
    kind: EntityKind,
    written: Mapping[str, bytes],
    services: Services,
    patience: Patience,
    name: str,
    now: datetime,
) -> dict[str, str]:
    """Store what was written; return why not, by the id of what is not stored."""
    if not written:
        return {}
    body = b"".join(line + b"\n" for line in written.values())
    key = f"raw/{kind}/ingest_date={now:%Y-%m-%d}/{name}.jsonl"
    try:
        services.s3.put_object(Bucket=services.lake_bucket, Key=key, Body=body, ContentType="application/x-ndjson")
    except (ClientError, BotoCoreError) as error:
        _logger.error("%d %s could not be written to the lake: %s", len(written), kind, name_of(error))  # noqa: TRY400
        return dict.fromkeys(written, NOT_STORED)
    updated_at = str(int(now.timestamp() * 1000))
    pending: dict[str, WriteRequestTypeDef] = {}
    for entity_id, line in written.items():
        item = {
            "entity": {"S": f"{kind[:-1]}#{entity_id}"},
            "attributes": {"S": line.decode()},
            "updated_at": {"N": updated_at},
        }
        pending[entity_id] = {"PutRequest": {"Item": item}}
    return _put_all(pending, services, patience)


def _put_all(pending: dict[str, WriteRequestTypeDef], services: Services, patience: Patience) -> dict[str, str]:
    """Write until nothing is left, or no time; return why not, by the id of what is left."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        pending, reason = _put_once(pending, services)
        wait = random.uniform(0, pause)  # noqa: S311 - spreads callers, keeps no secret
        if not pending or patience.left <= wait:
            return dict.fromkeys(pending, reason)
        patience.sleep(wait)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _put_once(
    pending: dict[str, WriteRequestTypeDef], services: Services
) -> tuple[dict[str, WriteRequestTypeDef], str]:
    left: dict[str, WriteRequestTypeDef] = {}
    reason = STREAM_THROTTLED
    ids = list(pending)
    for start in range(0, len(ids), MAX_WRITES_PER_CALL):
        call = {entity_id: pending[entity_id] for entity_id in ids[start : start + MAX_WRITES_PER_CALL]}
        try:
            answered = services.dynamodb.batch_write_item(RequestItems={services.entities_table: list(call.values())})
        except (ClientError, BotoCoreError) as error:
            _logger.warning("%d items or users could not be written to the table: %s", len(call), name_of(error))
            left |= call
            reason = NOT_STORED
            continue
        unprocessed = [
            write["PutRequest"]["Item"]["entity"]
            for write in answered.get("UnprocessedItems", {}).get(services.entities_table, [])
        ]
        left |= {
            entity_id: write
            for entity_id, write in call.items()
            if write["PutRequest"]["Item"]["entity"] in unprocessed
        }
    return left, reason


def _id(entity: Item | User) -> str:
    return entity.item_id if isinstance(entity, Item) else entity.user_id


def _write(entity: Item | User) -> bytes:
    return write_item(entity) if isinstance(entity, Item) else write_user(entity)
