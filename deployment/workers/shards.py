"""Reading a stream's shards: which of them, from where, and one after another what lies in them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from deployment.workers.checkpoints import SHARD_END
from deployment.workers.cloud import CloudError, error_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import GetShardIteratorInputTypeDef

RECORDS_PER_READ = 2_000
"""GetRecords gives up to 10,000; fewer keep the emulator, which serves one request at a time, free for others."""

CLOCK_STEP_SECONDS = 0.001
"""Arrival times are given to the millisecond."""


@dataclass(frozen=True)
class Shard:
    """A shard and the shards that it was split or merged from."""

    shard_id: str
    parents: tuple[str, ...] = ()


class Record(NamedTuple):
    """A record as it lies in a shard."""

    sequence: str
    partition_key: str
    arrived: float  # epoch seconds, to the millisecond
    data: bytes


class ShardClosed(Exception):  # noqa: N818 - not an error: the shard was split or merged and is read to its end
    """There will never be another record in this shard."""


def readable(shards: Sequence[Shard], positions: Mapping[str, str]) -> list[Shard]:
    """Choose the shards that may be read now: children wait until their parents are read to the end.

    Parameters
    ----------
    shards
        The stream's shards. A parent that is not among them has expired, with its records.
    positions
        Position by shard, as in `Checkpoints.positions`.

    Returns
    -------
    list of Shard
        Those to read, in the order given.
    """
    present = {shard.shard_id for shard in shards}
    done = {shard_id for shard_id, position in positions.items() if position == SHARD_END}
    return [
        shard
        for shard in shards
        if shard.shard_id not in done and all(parent in done or parent not in present for parent in shard.parents)
    ]


def list_shards(kinesis: KinesisClient, stream_arn: str) -> list[Shard]:
    """List a stream's shards, closed ones included.

    Parameters
    ----------
    kinesis
        The client.
    stream_arn
        The stream.

    Returns
    -------
    list of Shard
        All of them.
    """
    answer = kinesis.list_shards(StreamARN=stream_arn)
    found = answer["Shards"]
    while answer.get("NextToken"):
        answer = kinesis.list_shards(NextToken=answer["NextToken"])
        found += answer["Shards"]
    return [
        Shard(
            shard["ShardId"],
            tuple(filter(None, (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")))),
        )
        for shard in found
    ]


class ShardReader:
    """Reads one shard from a position on, and finds its way back after expired iterators and restarts.

    Parameters
    ----------
    kinesis
        The client.
    stream_arn
        The stream.
    shard_id
        The shard.
    position
        Sequence number of the last record that is done with; None to begin at the anchor.
    anchor
        Epoch seconds to begin at where there is no position; None for the oldest record.
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
        """Read what follows.

        Returns
        -------
        list of Record
            The next records in order; empty when there are none now.

        Raises
        ------
        ShardClosed
            When the shard is closed and read to its end.
        BotoCoreError, ClientError
            When the cloud does not answer; the next call begins where this one did.
        """
        try:
            if self._iterator is None:
                self._iterator = self._find_iterator()
            answer = self._kinesis.get_records(ShardIterator=self._iterator, Limit=RECORDS_PER_READ)
        except CloudError:
            # Iterators last five minutes and do not outlive the emulator: the position does both.
            self._iterator = None
            raise
        records = [
            Record(
                found["SequenceNumber"],
                found["PartitionKey"],
                found["ApproximateArrivalTimestamp"].timestamp(),
                found["Data"],
            )
            for found in answer["Records"]
        ]
        if records:
            if self._position is None and self._anchor is not None:
                # The wire carries the anchor in whole seconds.
                records = [record for record in records if record.arrived >= self._anchor - CLOCK_STEP_SECONDS]
            self._position = answer["Records"][-1]["SequenceNumber"]
        # AWS leaves it out at the end of a closed shard, which the type stubs do not say.
        following: str | None = dict(answer).get("NextShardIterator")  # type: ignore[assignment]
        if following is None and not answer["Records"]:
            raise ShardClosed(self._shard_id)
        # With records at hand the closing is said by the next read, which finds none.
        self._iterator = following
        return records

    def _find_iterator(self) -> str:
        try:
            return self._kinesis.get_shard_iterator(**self._iterator_request())["ShardIterator"]
        except ClientError as error:
            if self._position is None or error_code(error) != "InvalidArgumentException":
                raise
            # The position is of another life of this stream: what lies in it now has not been seen.
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


def pauses(first: float, longest: float) -> itertools.accumulate[float]:
    """Give the pauses between vain attempts, each twice the one before.

    Parameters
    ----------
    first, longest
        Seconds.

    Returns
    -------
    iterator of float
        Seconds, without end.
    """
    return itertools.accumulate(itertools.repeat(first), lambda pause, _: min(pause * 2, longest))
