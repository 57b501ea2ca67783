"""The objects in which failed records are kept, and the records in them."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from backend.contract import MalformedAggregateError, deaggregate_records, is_aggregated, read_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

UNREADABLE = "unreadable"
"""The reason of a line, or of an object, that has not the form that its place promises."""

_UNREADABLE = (ValueError, OverflowError, RecursionError)
"""What a line raises that has not its form, msgspec's errors included, or a time beyond a datetime."""

_LAKE_TIME = re.compile(r"^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}\.\d{3})$")


class FailedRecord(msgspec.Struct, frozen=True):
    """One record that a stage refused or could not process.

    Attributes
    ----------
    stage
        `collect`, `forward` or `lake`; `stream` for a record that is read from the stream.
    payload
        Its bytes; empty where they were not kept.
    arrived_at
        When it arrived; None where that is not known.
    """

    stage: str
    reason: str
    payload: bytes
    arrived_at: datetime | None


class _BadRow(msgspec.Struct):
    source: str
    reason: str
    payload: str
    received_at: str


class _Kinesis(msgspec.Struct):
    data: str
    approximateArrivalTimestamp: float  # noqa: N815 - AWS's name


class _Record(msgspec.Struct):
    kinesis: _Kinesis


class _Invocation(msgspec.Struct):
    Records: list[_Record]


class _Context(msgspec.Struct):
    condition: str


class _Discarded(msgspec.Struct):
    requestContext: _Context  # noqa: N815 - AWS's name
    payload: str


class _Undelivered(msgspec.Struct):
    rawData: str  # noqa: N815 - AWS's name
    arrivalTimestamp: int  # noqa: N815 - AWS's name
    errorCode: str | None = None  # noqa: N815 - AWS's name
    lastErrorCode: str | None = None  # noqa: N815 - AWS's name


_bad_row = msgspec.json.Decoder(_BadRow).decode
_discarded = msgspec.json.Decoder(_Discarded).decode
_invocation = msgspec.json.Decoder(_Invocation).decode
_undelivered = msgspec.json.Decoder(_Undelivered).decode
_object = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


def read_bad_rows(content: bytes) -> Iterator[FailedRecord]:
    """Yield the records of an object of our bad rows."""
    for line in content.splitlines():
        try:
            row = _bad_row(line)
            payload = base64.b64decode(row.payload, validate=True)
            arrived_at = read_instant(row.received_at)
        except _UNREADABLE:
            yield FailedRecord("", UNREADABLE, b"", None)
        else:
            yield FailedRecord(row.source, row.reason, payload, arrived_at)


def read_discarded(content: bytes) -> Iterator[FailedRecord]:
    """Yield the events of a batch whose retries the event-source mapping of forward exhausted.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html (S3)
    """
    try:
        discarded = _discarded(content)
        records = _invocation(discarded.payload.encode()).Records
    except _UNREADABLE:
        yield FailedRecord("forward", UNREADABLE, b"", None)
        return
    for record in records:
        arrived_at = None
        try:
            arrived_at = datetime.fromtimestamp(record.kinesis.approximateArrivalTimestamp, UTC)
            payloads = payloads_of(base64.b64decode(record.kinesis.data, validate=True))
        except _UNREADABLE:
            yield FailedRecord("forward", UNREADABLE, b"", arrived_at)
        else:
            for payload in payloads:
                yield FailedRecord("forward", discarded.requestContext.condition, payload, arrived_at)


def read_undelivered(content: bytes) -> Iterator[FailedRecord]:
    """Yield the records of an error object of Firehose.

    Of a record that the transformation refused they are its bytes; of one that could not be converted to Parquet the
    row that the transformation had made, which is turned back into its event.
    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html (failure handling)
    """
    for line in content.splitlines():
        try:
            failed = _undelivered(line)
            data = base64.b64decode(failed.rawData, validate=True)
            payload = data if failed.lastErrorCode is None else event_of_row(data)
            arrived_at = datetime.fromtimestamp(failed.arrivalTimestamp / 1000, UTC)
        except _UNREADABLE:
            yield FailedRecord("lake", UNREADABLE, b"", None)
        else:
            reason = failed.errorCode or failed.lastErrorCode or UNREADABLE
            yield FailedRecord("lake", reason, payload, arrived_at)


def payloads_of(data: bytes) -> tuple[bytes, ...]:
    """Return the payloads of a Kinesis record, plain or aggregated; raise ValueError for a malformed aggregate."""
    try:
        return tuple(deaggregate_records(data)) if is_aggregated(data) else (data,)
    except MalformedAggregateError as error:
        raise ValueError("the aggregate is malformed") from error


def event_of_row(row: bytes) -> bytes:
    """Return the event of a row of the lake: times in RFC 3339 again, `properties` as an object, and no marks."""
    fields = _object(row)
    fields.pop("bot", None)
    for name in ("timestamp", "received_at"):
        value = fields.get(name)
        if isinstance(value, str):
            fields[name] = _LAKE_TIME.sub(r"\1T\2Z", value)
    properties = fields.get("properties")
    if isinstance(properties, str):
        fields["properties"] = _object(properties)
    return _encode(fields)
