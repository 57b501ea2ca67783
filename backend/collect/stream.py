"""Records into Kinesis, those that are refused again and again until the time is up."""

from __future__ import annotations

import logging
import random
from enum import Enum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from backend.collect.failure import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

    from backend.collect.grouping import StreamRecord
    from backend.collect.services import Patience

MAX_RECORDS_PER_CALL = 500
"""https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""

MAX_BYTES_PER_CALL = 5 * 1024 * 1024
"""Partition keys included. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0

_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
        "KMSThrottlingException",
        "ThrottlingException",
        "RequestLimitExceeded",
    }
)
_SERVER_ERROR = 500

_logger = logging.getLogger(__name__)


class Delivery(Enum):
    """What became of a record."""

    DELIVERED = "delivered"
    THROTTLED = "throttled"
    FAILED = "failed"


def deliver(records: Sequence[StreamRecord], client: KinesisClient, stream: str, patience: Patience) -> list[Delivery]:
    """Put records into the stream; what is refused in part or for a while is put again, with pauses drawn at random.

    PutRecords answers with success though some of its records failed, and tells which by their position
    (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html). A record that is put again may
    come after a later one of the same user.

    Parameters
    ----------
    records
        What to put.
    client
        Kinesis, told not to retry by itself.
    stream
        Name of the stream.
    patience
        How long to insist; one attempt is always made.

    Returns
    -------
    list[Delivery]
        By position; `DELIVERED` only where Kinesis said so.
    """
    deliveries = [Delivery.FAILED] * len(records)
    pending = list(range(len(records)))
    pause = FIRST_PAUSE_SECONDS
    while True:
        pending, lasting = _attempt(pending, records, client, stream, deliveries)
        wait = random.uniform(0, pause)  # noqa: S311 - spreads callers, keeps no secret
        if not pending or lasting or patience.left <= wait:
            return deliveries
        patience.sleep(wait)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _attempt(
    pending: list[int],
    records: Sequence[StreamRecord],
    client: KinesisClient,
    stream: str,
    deliveries: list[Delivery],
) -> tuple[list[int], bool]:
    """Put the pending records once; return those to put again, and whether that would be of no use."""
    again: list[int] = []
    for call in _calls(pending, records):
        entries: list[PutRecordsRequestEntryTypeDef] = [
            {"PartitionKey": records[position].partition_key, "Data": records[position].data} for position in call
        ]
        try:
            answers = client.put_records(StreamName=stream, Records=entries)["Records"]
        except (ClientError, BotoCoreError) as error:
            delivery, lasting = _judge(error)
            for position in call:
                deliveries[position] = delivery
            again.extend(call)
            if lasting:
                _logger.error("the stream will not take records: %s", name_of(error))  # noqa: TRY400 - it tells enough
                return again, True
            continue
        for position, answer in zip(call, answers, strict=True):
            code = answer.get("ErrorCode")
            deliveries[position] = _delivery(code) if code else Delivery.DELIVERED
            if code:
                again.append(position)
    return again, False


def _calls(pending: list[int], records: Sequence[StreamRecord]) -> Iterator[list[int]]:
    call: list[int] = []
    size = 0
    for position in pending:
        record = records[position]
        grown = size + len(record.data) + len(record.partition_key.encode())
        if call and (len(call) == MAX_RECORDS_PER_CALL or grown > MAX_BYTES_PER_CALL):
            yield call
            call, grown = [], grown - size
        call.append(position)
        size = grown
    yield call


def _judge(error: ClientError | BotoCoreError) -> tuple[Delivery, bool]:
    if not isinstance(error, ClientError):
        return Delivery.FAILED, False  # no answer: it may have arrived, and is the same event if it comes again
    delivery = _delivery(error.response["Error"]["Code"])
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return delivery, delivery is Delivery.FAILED and status < _SERVER_ERROR


def _delivery(code: str) -> Delivery:
    return Delivery.THROTTLED if code in _THROTTLES else Delivery.FAILED
