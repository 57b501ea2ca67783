"""The second way of refused records: a queue, from which they get into the bucket of bad rows once S3 accepts them.

A message stays in the queue until its object is written, for as long as SQS keeps messages.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from backend.aws.bad_rows import object_key, write_rows
from backend.aws.errors import error_name
from backend.aws.objects import put_object
from backend.contract import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from backend.aws.bad_rows import ArrivedRefusal
    from backend.aws.deadline import Deadline

MAX_MESSAGE_BYTES = 256 * 1024
"""SQS accepts 1 MiB, but a queue that version 5 of Terraform's provider creates has this maximum.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

MAX_PIECE_BYTES = 128 * 1024
"""So many bytes of a record fit into a message even if they cannot be compressed."""

ATTEMPTS = 3
PAUSE_SECONDS = 0.2

_MAX_PACKED_BYTES = MAX_MESSAGE_BYTES * 3 // 4 - 1024  # in base64, and beside the object's key

_logger = logging.getLogger(__name__)


class QueuedRows(msgspec.Struct):
    """A message: an object that is to be written.

    Attributes
    ----------
    rows
        Its content, compressed; the message has it in base64, since SQS accepts text only.
    """

    key: str
    rows: bytes


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(QueuedRows).decode


def queue_bad_rows(
    rows: Sequence[ArrivedRefusal], client: SQSClient, queue: str, source: str, name: str, deadline: Deadline
) -> int:
    """Send refused records, none of which denies consent, to a queue; return how many of them were not sent.

    A record that is too large for a message is split into pieces, each of which has its place among them as an error.

    Parameters
    ----------
    queue
        Its URL.
    name
        Name of the object; of several with a number.
    deadline
        When to send nothing more; the first message is always sent.
    """
    parts = list(_parts(list(enumerate(rows)), source))
    lost = set()
    for number, part in enumerate(parts):
        # The name of the whole where there is one part: S3 may have written the object and not confirmed it.
        key = object_key(part.rows, source, name if len(parts) == 1 else f"{name}-{number}")
        message = _encode(QueuedRows(key, part.packed)).decode()
        if (number and deadline.seconds_left <= 0) or not _send(message, client, queue, deadline):
            lost |= part.indices
    return len(lost)


def put_queued_rows(messages: Iterable[Mapping[str, Any]], client: S3Client, bucket: str) -> list[str]:
    """Write the objects of messages, as Lambda reads them from the queue; return the ids of those that stay there."""
    failed = []
    for message in messages:
        try:
            queued = _decode(message["body"])
            put_object(queued.key, zlib.decompress(queued.rows), client, bucket)
        except Exception as error:  # noqa: BLE001 - the message stays in the queue, and its age raises an alarm
            _logger.warning("queued bad rows could not be written: %s", error_name(error))
            failed.append(message["messageId"])
    return failed


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of a message, and the positions of the records that they are, or are parts of."""

    indices: set[int]
    rows: list[ArrivedRefusal]
    packed: bytes


def _parts(numbered: list[tuple[int, ArrivedRefusal]], source: str) -> Iterator[_Part]:
    rows = [row for _, row in numbered]
    packed = zlib.compress(write_rows(rows, source))
    if len(packed) <= _MAX_PACKED_BYTES:
        yield _Part({index for index, _ in numbered}, rows, packed)
        return
    if len(numbered) == 1:
        index, row = numbered[0]
        halves = [[(index, piece)] for piece in _pieces(row)]
    else:
        middle = len(numbered) // 2
        halves = [numbered[:middle], numbered[middle:]]
    for half in halves:
        yield from _parts(half, source)


def _pieces(row: ArrivedRefusal) -> list[ArrivedRefusal]:
    """Split a record into several, each with its place among them as a further error."""
    refusal, arrived_at = row
    starts = range(0, len(refusal.payload), MAX_PIECE_BYTES)
    return [
        (
            replace(
                refusal,
                errors=(
                    *refusal.errors,
                    FieldError("", f"must be joined: piece {number} of {len(starts)} of a record"),
                ),
                payload=refusal.payload[start : start + MAX_PIECE_BYTES],
            ),
            arrived_at,
        )
        for number, start in enumerate(starts, 1)
    ]


def _send(message: str, client: SQSClient, queue: str, deadline: Deadline) -> bool:
    for _ in range(ATTEMPTS):
        try:
            answer: Mapping[str, Any] = client.send_message(QueueUrl=queue, MessageBody=message)
            if answer.get("MessageId"):
                return True
        except Exception as error:  # noqa: BLE001 - whatever the client raises, the other messages are sent
            _logger.warning("the queue of bad rows fails: %s", error_name(error))
        if not deadline.wait(PAUSE_SECONDS):
            break
    return False
