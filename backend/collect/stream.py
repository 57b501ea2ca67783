"""Records into Kinesis, with retries of those that failed."""

from __future__ import annotations

import logging
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backend.aws.errors import error_name
from backend.aws.retries import jittered_pauses
from backend.contract.aggregate import MAX_BYTES_PER_CALL, MAX_RECORDS_PER_CALL, PUT_RECORDS_THROTTLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

    from backend.aws.deadline import Deadline
    from backend.contract import StreamRecord

_SERVER_ERROR = 500

_logger = logging.getLogger(__name__)


class Delivery(Enum):
    """The outcome of a record."""

    DELIVERED = "delivered"
    THROTTLED = "throttled"
    FAILED = "failed"


def put_records(
    records: Sequence[StreamRecord], client: KinesisClient, stream: str, deadline: Deadline
) -> list[Delivery]:
    """Put records into the stream, and retry those that failed until the deadline.

    PutRecords succeeds as a whole even where some of its records failed, and reports those by position
    (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html). A retried record may follow a later
    one of the same user.

    Parameters
    ----------
    client
        Kinesis, configured without retries of its own.
    deadline
        When to start no further call; one is always made.

    Returns
    -------
    list[Delivery]
        One per record, in order; `DELIVERED` only where Kinesis confirmed it.
    """
    deliveries = [Delivery.FAILED] * len(records)
    pending = list(range(len(records)))
    pauses = jittered_pauses()
    while True:
        pending, is_permanent = _attempt(pending, records, client, stream, deliveries, deadline)
        if not pending or is_permanent or not deadline.wait(next(pauses)):
            return deliveries


def _attempt(
    pending: list[int],
    records: Sequence[StreamRecord],
    client: KinesisClient,
    stream: str,
    deliveries: list[Delivery],
    deadline: Deadline,
) -> tuple[list[int], bool]:
    """Put the pending records once; return the failed ones, and whether a retry cannot succeed."""
    failed: list[int] = []
    for call in _calls(pending, records):
        entries: list[PutRecordsRequestEntryTypeDef] = [
            {"PartitionKey": records[position].partition_key, "Data": records[position].data} for position in call
        ]
        if call[0] != pending[0] and deadline.seconds_left <= 0:
            failed.extend(call)
            continue
        try:
            answer: Mapping[str, Any] = client.put_records(StreamName=stream, Records=entries)
        except Exception as error:  # noqa: BLE001 - an answer that is not AWS's raises whatever the parser meets
            delivery, is_permanent = _classify(error)
            for position in call:
                deliveries[position] = delivery
            failed.extend(call)
            if is_permanent:
                _logger.error("the stream refuses records: %s", error_name(error))  # noqa: TRY400 - the name suffices
                return failed, True
            continue
        for position, delivery in zip(call, _deliveries(answer, len(call)), strict=True):
            deliveries[position] = delivery
            if delivery is not Delivery.DELIVERED:
                failed.append(position)
    return failed, False


def _deliveries(answer: object, count: int) -> list[Delivery]:
    """Return the outcome of each record of a call; all failed where the answer does not name that many."""
    results = answer.get("Records") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != count:
        return [Delivery.FAILED] * count
    return [_delivery_of(result) for result in results]


def _delivery_of(result: object) -> Delivery:
    if not isinstance(result, dict):
        return Delivery.FAILED
    code = result.get("ErrorCode")
    if code:
        return _delivery(code)
    return Delivery.DELIVERED if result.get("SequenceNumber") else Delivery.FAILED


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


def _classify(error: Exception) -> tuple[Delivery, bool]:
    if not isinstance(error, ClientError):
        return Delivery.FAILED, False  # no answer: it may have arrived; a retry has the same event ids
    delivery = _delivery(error_name(error))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    return delivery, delivery is Delivery.FAILED and status < _SERVER_ERROR


def _delivery(code: str) -> Delivery:
    return Delivery.THROTTLED if code in PUT_RECORDS_THROTTLES else Delivery.FAILED
