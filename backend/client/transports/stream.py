"""Batches straight into a Kinesis stream, as aggregates in the format of the Kinesis Producer Library.

For servers with AWS credentials that may call `kinesis:PutRecords`: events take neither the API nor its limits, and are
validated here only.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from backend.client.transports.interface import RETRY, Answer, Problem, Verdict
from backend.contract.consent import may_deny_consent
from backend.contract.limits import MAX_ID_LENGTH
from backend.contract.refusal import FieldError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

    from backend.contract.aggregate import (
        MAX_BYTES_PER_CALL,
        MAX_RECORDS_PER_CALL,
        PUT_RECORDS_THROTTLES,
        group_events,
    )
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"StreamTransport needs {missing.name}: pip install 'rivulet-producer[kinesis]'", name=missing.name
    ) from None

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

    from backend.client.transports.interface import Entry
    from backend.contract.aggregate import StreamRecord

MAX_AGGREGATE_BYTES = 50_000
"""With its key and its digest a record has at most 50 KiB, as those of the Kinesis Producer Library, so that it wastes
little of a shard's MiB per second when it is throttled."""

MAX_EVENT_BYTES = 1_000_000
"""A record has at most 1 MiB with its key; an event of the contract has a hundredth of that."""

_PERMANENT_ERRORS = (NoCredentialsError, PartialCredentialsError, NoRegionError)
_SERVER_ERROR = 500
_ACCEPTED, _SUPPRESSED = Verdict("accepted"), Verdict("suppressed")
_TOO_LARGE = Verdict("refused", None, "too_large", (FieldError("event", "must be at most 10240 bytes as JSON"),))


class StreamTransport:
    """Puts batches into one stream: the events of a user in order, one user per record.

    Parameters
    ----------
    stream
        Name of the stream.
    kinesis
        A client of boto3 without retries of its own; made from the environment where it is not given.
    timeout
        Seconds to connect, and to wait for an answer; of a client that is made.
    """

    batch_events = 5_000
    batch_bytes = 4 * 1024 * 1024

    def __init__(
        self, stream: str, kinesis: KinesisClient | None = None, *, timeout: tuple[float, float] = (3.0, 10.0)
    ) -> None:
        self._stream = stream
        self._given = kinesis
        self._made: KinesisClient | None = None
        self._timeout = timeout
        self._process = os.getpid()

    def deliver(self, batch: Sequence[Entry], seconds: float | None = None) -> Answer:
        """Put a batch, in as many calls as the limits need; of a user whose record failed, nothing behind it is put."""
        deadline = None if seconds is None else time.monotonic() + seconds
        verdicts = [_verdict(entry) for entry in batch]
        waiting: dict[str, deque[StreamRecord]] = {}
        for record in group_events(
            (
                (position, _partition_key(batch[position]), batch[position].payload)
                for position, verdict in enumerate(verdicts)
                if verdict is RETRY
            ),
            max_bytes=MAX_AGGREGATE_BYTES,
        ):
            waiting.setdefault(record.partition_key, deque()).append(record)
        problem = None
        while waiting and (deadline is None or time.monotonic() < deadline):
            call = list(_next_call(waiting))
            codes, failure = self._put(call)
            problem = failure or problem
            for record, code in zip(call, codes, strict=True):
                if code is not None:
                    del waiting[record.partition_key]
                    continue
                for position in record.positions:
                    verdicts[position] = _ACCEPTED
                waiting[record.partition_key].popleft()
                if not waiting[record.partition_key]:
                    del waiting[record.partition_key]
            if failure is not None and failure.is_permanent:
                break
        if problem is None and RETRY in verdicts:
            problem = Problem(f"PutRecords to {self._stream}: the time was over")
        return Answer(verdicts, problem)

    def close(self) -> None:
        """Forget the client that was made here; one that was given belongs to the caller."""
        made, self._made = self._made, None
        if made is not None:
            made.close()

    def _put(self, call: Sequence[StreamRecord]) -> tuple[list[str | None], Problem | None]:
        """Put records once; return the error code of each, None where it is in the stream, and why some failed."""
        entries: list[PutRecordsRequestEntryTypeDef] = [
            {"PartitionKey": record.partition_key, "Data": record.data} for record in call
        ]
        try:
            answer: Mapping[str, Any] = self._client().put_records(StreamName=self._stream, Records=entries)
            codes = [_code(result) for result in answer["Records"]]
        except Exception as error:  # noqa: BLE001 - an answer that is not AWS's raises whatever the parser meets
            return ["failed"] * len(call), self._problem(error)
        if len(codes) != len(call):
            return ["failed"] * len(call), Problem(f"PutRecords to {self._stream} answered for other records")
        failed = sorted({code for code in codes if code is not None})
        if not failed:
            return codes, None
        count = sum(code is not None for code in codes)
        message = f"PutRecords to {self._stream}: {count} of {len(call)} records failed: {', '.join(failed)}"
        return codes, Problem(message)

    def _problem(self, error: Exception) -> Problem:
        name, is_permanent = type(error).__name__, isinstance(error, _PERMANENT_ERRORS)
        if isinstance(error, ClientError):
            name = str(error.response.get("Error", {}).get("Code", name))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
            is_permanent = status < _SERVER_ERROR and name not in PUT_RECORDS_THROTTLES
        return Problem(f"PutRecords to {self._stream} failed: {name}", is_permanent=is_permanent)

    def _client(self) -> KinesisClient:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._made = None
            if self._given is not None:
                self._given.close()  # its connections are the parent's; the next call opens others
        if self._given is not None:
            return self._given
        if self._made is None:
            connect, read = self._timeout
            config = Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": 1})
            self._made = boto3.client("kinesis", config=config)
        return self._made


def _verdict(entry: Entry) -> Verdict:
    if len(entry.payload) > MAX_EVENT_BYTES:
        return _TOO_LARGE
    return _SUPPRESSED if _may_deny_consent(entry.payload) else RETRY


def _may_deny_consent(payload: bytes) -> bool:
    """Return whether an event must not be stored; a client that validates has suppressed it already."""
    grants = payload.count(b'"consent":"granted"')
    is_plain = b"\\" not in payload and grants == 1 == payload.lower().count(b"consent")
    return not is_plain and may_deny_consent(payload)


def _partition_key(entry: Entry) -> str:
    """Return the user or session; of what is no event a hash, so that it takes no shard for itself."""
    if 0 < len(entry.user) <= MAX_ID_LENGTH:
        return entry.user
    return hashlib.sha256(entry.payload).hexdigest()


def _next_call(waiting: Mapping[str, deque[StreamRecord]]) -> Iterator[StreamRecord]:
    """Yield the first record of as many users as one call takes, so that no record overtakes one of its user."""
    size = 0
    for number, (key, records) in enumerate(waiting.items()):
        size += len(records[0].data) + len(key.encode())
        if number == MAX_RECORDS_PER_CALL or size > MAX_BYTES_PER_CALL:
            return
        yield records[0]


def _code(result: object) -> str | None:
    if not isinstance(result, dict):
        return "unreadable"
    if result.get("ErrorCode"):
        return str(result["ErrorCode"])
    return None if result.get("SequenceNumber") else "unreadable"
