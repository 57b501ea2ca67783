"""PutRecord and PutRecords: validated, throttled on purpose where faults say so, and in constant time.

MiniStack iterates over every retained record at every put, never rejects a record, and delivers each record to Firehose
inside the call.
"""

from __future__ import annotations

import binascii
import hashlib
import time
from base64 import b64decode
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from deployment.emulator.kinesis.errors import KinesisError, constraint_violation, invalid_argument, not_found
from deployment.emulator.kinesis.shards import MAX_RECORD_KIB, open_ranges
from deployment.emulator.settings import ACCOUNT

if TYPE_CHECKING:
    from deployment.emulator.kinesis.faults import Faults
    from deployment.emulator.kinesis.storage import Record, Storage, Stream

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
REQUEST_RECORDS: Final = 500
REQUEST_BYTES: Final = 10 * 1024 * 1024
PARTITION_KEY_CHARACTERS: Final = 256
HASH_KEY_END: Final = 2**128

THROTTLED: Final = "ProvisionedThroughputExceededException"


class Writer:
    """Puts records into shards."""

    def __init__(self, storage: Storage, faults: Faults) -> None:
        self._storage = storage
        self._faults = faults

    def put_record(self, stream: Stream, request: dict[str, Any]) -> dict[str, Any]:
        """Handle PutRecord."""
        size = _check(request, stream)
        if size > REQUEST_BYTES:
            raise constraint_violation("data", f"Member must have length less than or equal to {REQUEST_BYTES}")
        self._throttle(stream)
        shard_id = _shard_of(stream, request)
        record = self._record(request)
        self._storage.expire(stream)
        self._storage.append(stream, shard_id, [record])
        return {
            "ShardId": shard_id,
            "SequenceNumber": record["SequenceNumber"],
            "EncryptionType": stream.get("EncryptionType", "NONE"),
        }

    def put_records(self, stream: Stream, request: dict[str, Any]) -> dict[str, Any]:
        """Handle PutRecords: the response's entries are in the request's order, each a success or a failure."""
        entries = request.get("Records") or []
        if not 1 <= len(entries) <= REQUEST_RECORDS:
            raise constraint_violation("records", f"Member must have length between 1 and {REQUEST_RECORDS}, inclusive")
        if sum(_check(entry, stream) for entry in entries) > REQUEST_BYTES:
            raise invalid_argument(f"Records size exceeds {REQUEST_BYTES // 1024**2} MiB limit")
        self._throttle(stream)
        self._storage.expire(stream)
        results: list[dict[str, Any]] = []
        placed: dict[str, list[Record]] = defaultdict(list)
        for entry in entries:
            shard_id = _shard_of(stream, entry)
            if self._faults.should_fail("kinesis_failed_record"):
                results.append({"ErrorCode": THROTTLED, "ErrorMessage": _too_fast(stream, shard_id)})
                continue
            record = self._record(entry)
            placed[shard_id].append(record)
            results.append({"SequenceNumber": record["SequenceNumber"], "ShardId": shard_id})
        for shard_id, records in placed.items():
            self._storage.append(stream, shard_id, records)
        return {
            "FailedRecordCount": len(entries) - sum(len(records) for records in placed.values()),
            "Records": results,
            "EncryptionType": stream.get("EncryptionType", "NONE"),
        }

    def _record(self, entry: dict[str, Any]) -> Record:
        return {
            "SequenceNumber": self._storage.numbers.issue(),
            "ApproximateArrivalTimestamp": round(time.time(), 3),
            "PartitionKey": entry["PartitionKey"],
            "Data": entry["Data"],
        }

    def _throttle(self, stream: Stream) -> None:
        if self._faults.should_fail("kinesis_throttled_call"):
            raise KinesisError(THROTTLED, _too_fast(stream, next(iter(stream["shards"]))))


def _too_fast(stream: Stream, shard_id: str) -> str:
    return f"Rate exceeded for shard {shard_id} in stream {stream['StreamName']} under account {ACCOUNT}."


def _check(entry: dict[str, Any], stream: Stream) -> int:
    """Validate a record and return its size in bytes, data and key."""
    key, data = entry.get("PartitionKey"), entry.get("Data")
    if not isinstance(key, str) or not 1 <= len(key) <= PARTITION_KEY_CHARACTERS:
        raise constraint_violation(
            "partitionKey", f"Member must have length between 1 and {PARTITION_KEY_CHARACTERS} characters, inclusive"
        )
    if not isinstance(data, str):
        raise constraint_violation("data", "Member must not be null")
    try:
        size = len(b64decode(data, validate=True)) + len(key.encode())
    except (binascii.Error, ValueError) as error:
        raise KinesisError("SerializationException", "Data is not in base 64.") from error
    limit = stream.get(MAX_RECORD_KIB, 1024) * 1024
    if size > limit:
        raise constraint_violation("data", f"Member must have length less than or equal to {limit}")
    return size


def _shard_of(stream: Stream, entry: dict[str, Any]) -> str:
    explicit = entry.get("ExplicitHashKey")
    if explicit is None:
        # Kinesis maps a partition key with MD5; no secret depends on it.
        place = int.from_bytes(hashlib.md5(entry["PartitionKey"].encode(), usedforsecurity=False).digest())
    elif str(explicit).isdigit() and int(explicit) < HASH_KEY_END:
        place = int(explicit)
    else:
        raise invalid_argument(f"ExplicitHashKey {explicit} is not a whole number below 2^128.")
    for start, end, shard_id in open_ranges(stream):
        if start <= place <= end:
            return shard_id
    raise not_found(f"A shard for hash key {place} in stream {stream['StreamName']}", ACCOUNT)
