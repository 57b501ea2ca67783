"""Reads a stream's shards: lists them, orders children after parents, and reads records from a position."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from deployment.workers.checkpoints import SHARD_END
from deployment.workers.clients import AWS_ERRORS, error_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import GetShardIteratorInputTypeDef

RECORDS_PER_READ = 2_000
"""GetRecords returns up to 10,000; fewer leave the emulator, which serves one request at a time, free for others."""

CLOCK_STEP_SECONDS = 0.001
"""The resolution of arrival times."""


@dataclass(frozen=True)
class Shard:
    """A shard and the shards that it was split or merged from."""

    shard_id: str
    parents: tuple[str, ...] = ()


class Record(NamedTuple):
    """A record of a shard."""

    sequence: str
    partition_key: str
    arrived: float  # epoch seconds, to the millisecond
    data: bytes


class ShardClosedError(Exception):
    """The shard was split or merged and is read to its end."""


def readable_shards(shards: Sequence[Shard], positions: Mapping[str, str]) -> list[Shard]:
    """Return the shards that may be read now: unfinished ones whose parents are all finished.

    Parameters
    ----------
    shards
        The stream's shards. A parent that is not among them has expired with its records.
    positions
        Position by shard, as in `Checkpoints.positions`.
    """
    present = {shard.shard_id for shard in shards}
    done = {shard_id for shard_id, position in positions.items() if position == SHARD_END}
    return [
        shard
        for shard in shards
        if shard.shard_id not in done and all(parent in done or parent not in present for parent in shard.parents)
    ]


def list_shards(kinesis: KinesisClient, stream_arn: str) -> list[Shard]:
    """Return all shards of a stream, closed ones included."""
    answer = kinesis.list_shards(StreamARN=stream_arn)
    listed = answer["Shards"]
    while answer.get("NextToken"):
        answer = kinesis.list_shards(NextToken=answer["NextToken"])
        listed += answer["Shards"]
    return [
        Shard(
            shard["ShardId"],
            tuple(filter(None, (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")))),
        )
        for shard in listed
    ]


class ShardReader:
    """Reads one shard from a position on, and gets a new iterator after errors, expiry and restarts.

    Parameters
    ----------
    position
        Sequence number of the last finished record; None to begin at the anchor.
    anchor
        Epoch seconds to begin at without a position; None for the oldest record.
    """

    def __init__(
        self, kinesis: KinesisClient, stream_arn: str, shard_id: str, position: str | None, anchor: float | None
    ) -> None:
        self._kinesis = kinesis
        self._stream_arn = stream_arn
        self._shard_id = shard_id
        self._position = position
        self._anchor = anchor
        self._iterator: str | None = None

    def read(self) -> list[Record]:
        """Return the next records in order; none when there are none yet.

        Raises
        ------
        ShardClosedError
            If the shard is closed and read to its end.
        BotoCoreError, ClientError
            If the request fails; the next call reads from the same position.
        """
        try:
            if self._iterator is None:
                self._iterator = self._find_iterator()
            answer = self._kinesis.get_records(ShardIterator=self._iterator, Limit=RECORDS_PER_READ)
        except AWS_ERRORS:
            # Iterators expire after five minutes and with the emulator; the position does not.
            self._iterator = None
            raise
        records = [
            Record(
                record["SequenceNumber"],
                record["PartitionKey"],
                record["ApproximateArrivalTimestamp"].timestamp(),
                record["Data"],
            )
            for record in answer["Records"]
        ]
        if records:
            if self._position is None and self._anchor is not None:
                # The API has the anchor in whole seconds.
                records = [record for record in records if record.arrived >= self._anchor - CLOCK_STEP_SECONDS]
            self._position = answer["Records"][-1]["SequenceNumber"]
        # AWS omits it at the end of a closed shard, contrary to the type stubs.
        following: str | None = dict(answer).get("NextShardIterator")  # type: ignore[assignment]
        if following is None and not answer["Records"]:
            raise ShardClosedError(self._shard_id)
        # After the last records of a closed shard the next read finds none and raises.
        self._iterator = following
        return records

    def _find_iterator(self) -> str:
        try:
            return self._kinesis.get_shard_iterator(**self._iterator_request())["ShardIterator"]
        except ClientError as error:
            if self._position is None or error_code(error) != "InvalidArgumentException":
                raise
            # The position is of a deleted stream of the same name; none of the records was read.
            self._position = None
            return self._kinesis.get_shard_iterator(**self._iterator_request())["ShardIterator"]

    def _iterator_request(self) -> GetShardIteratorInputTypeDef:
        request: GetShardIteratorInputTypeDef = {
            "StreamARN": self._stream_arn,
            "ShardId": self._shard_id,
            "ShardIteratorType": "TRIM_HORIZON",
        }
        if self._position is not None:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": self._position}
        elif self._anchor is not None:
            request |= {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime.fromtimestamp(self._anchor, UTC)}
        return request


def backoff_delays(first: float, longest: float) -> itertools.accumulate[float]:
    """Return an endless iterator of delays in seconds, each twice the one before, up to the longest."""
    return itertools.accumulate(itertools.repeat(first), lambda delay, _: min(delay * 2, longest))
