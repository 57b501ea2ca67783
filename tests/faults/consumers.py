"""The stream's consumers as AWS documents them, in simulated time: forward's event-source mapping, and Firehose."""

from __future__ import annotations

import base64
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from backend.contract import deaggregate_records, is_aggregated
from backend.contract.aggregate import MalformedAggregateError
from backend.lake.refused import store_refused
from backend.lake.transform import TransformOutcome, transform
from deployment.workers.mapping.batch import Origin, count_in_batch, write_entry, write_event
from deployment.workers.mapping.retries import Batch, after_failure, first_failed_index, split_expired
from deployment.workers.mapping.settings import Mapping
from deployment.workers.shards import Record
from tests.fakes.faults import KilledError

if TYPE_CHECKING:
    from tests.faults.world import Shard, StreamRecord, World

MAPPING = Mapping(
    uuid="m-1",
    stream_arn="arn:aws:kinesis:eu-central-1:000000000000:stream/events",
    function_arn="arn:aws:lambda:eu-central-1:000000000000:function:forward",
    batch_size=500,
    maximum_retries=10_000,
    maximum_age_seconds=7 * 86_400,
    bisect=True,
    report_failures=True,
)
"""As in infrastructure/environments, for a stream that keeps its records for a week."""

RETRY_SECONDS = 5.0
"""Lambda does not document its pauses between retries."""

_ORIGIN = Origin(MAPPING.stream_arn, "shardId-000000000000", "eu-central-1", "role")
_TRANSFORM_ATTEMPTS = 4  # https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html


class Forwarding:
    """Reads every shard with forward: each record until it is processed, or discarded by its retries or its age."""

    def __init__(self, world: World, mapping: Mapping = MAPPING) -> None:
        self._world, self._mapping = world, mapping
        self._positions: dict[int, int] = {}
        self.discarded: list[StreamRecord] = []
        # Batches that are delivered although they are done, as after a lost checkpoint: 1 whole, 0.5 the later half.
        self.repeats: float = 0

    def run(self) -> None:
        """Process what the stream has, parents before their children."""
        for shard in self._world.stream.shards:
            while records := shard.records[self._positions.get(id(shard), 0) :]:
                entries = [
                    write_entry(Record(each.sequence, each.key, each.arrived, each.data), _ORIGIN) for each in records
                ]
                count = count_in_batch((len(entry.written) for entry in entries), self._mapping.batch_size)
                self._process(Batch(tuple(entries[:count])), shard)
                if self.repeats:
                    self._invoke(Batch(tuple(entries[int(count * (1 - self.repeats)) : count])))
                self._positions[id(shard)] = self._positions.get(id(shard), 0) + count

    @property
    def waiting(self) -> int:
        """Number of records that were not read."""
        return sum(len(shard.records) - self._positions.get(id(shard), 0) for shard in self._world.stream.shards)

    def _process(self, whole: Batch, shard: Shard) -> None:
        todo = deque([whole])
        while todo:
            old, batch = split_expired(todo.popleft(), self._world.now(), self._mapping.maximum_age_seconds)
            self._discard(old, shard)
            if batch is None:
                continue
            payload, error = self._invoke(batch)
            sequences = [entry.record.sequence for entry in batch.entries]
            failed = first_failed_index(payload, error, sequences, self._mapping.report_failures)
            if failed == len(sequences):
                continue
            step = after_failure(batch, failed, self._mapping)
            todo.extendleft(reversed(step.next))
            self._discard(step.discarded, shard)
            self._world.clock.now += RETRY_SECONDS

    def _invoke(self, batch: Batch) -> tuple[bytes, str | None]:
        try:
            return json.dumps(self._world.forward(json.loads(write_event(batch.entries))["Records"])).encode(), None
        except KilledError:
            self._world.restart_forward()
            return b"", "Unhandled"

    def _discard(self, batch: Batch | None, shard: Shard) -> None:
        sequences = {entry.record.sequence for entry in batch.entries} if batch else set()
        self.discarded += [record for record in shard.records if record.sequence in sequences]


class Delivery:
    """Firehose: converts records with the function lake and writes the rows to S3, until S3 accepts them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._positions: dict[int, int] = {}

    def run(self) -> None:
        """Deliver what the stream has, in an object per shard, named by its first record."""
        for shard in self._world.stream.shards:
            position = self._positions.get(id(shard), 0)
            if records := shard.records[position:]:
                self._deliver(records)
                self._positions[id(shard)] = position + len(records)

    def _deliver(self, records: list[StreamRecord]) -> None:
        parts = [(record, data) for record in records for data in parts_of(record.data)]
        event = [
            {
                "recordId": f"{record.sequence}-{number}",
                "approximateArrivalTimestamp": record.arrived * 1000,
                "kinesisRecordMetadata": {"approximateArrivalTimestamp": record.arrived * 1000},
                "data": base64.b64encode(data).decode(),
            }
            for number, (record, data) in enumerate(parts)
        ]
        outcome = self._invoke(event)
        counts = self._world.counts["lake"]
        counts["received"] += len(event)
        counts["unaccounted"] += outcome.unaccounted
        by_result: dict[str, list[bytes]] = {}
        for record in outcome.records:
            if record["result"] != "Dropped":
                by_result.setdefault(record["result"], []).append(base64.b64decode(record["data"]))
        for result, folder in (("Ok", "raw/events"), ("ProcessingFailed", "errors")):
            if by_result.get(result):
                self._put(f"{folder}/{records[0].sequence}", b"".join(by_result[result]))

    def _invoke(self, event: list[dict[str, Any]]) -> TransformOutcome:
        for _ in range(_TRANSFORM_ATTEMPTS):
            try:
                outcome = transform(event)
                store_refused(outcome, self._world.collecting.s3, "bad-rows")
            except KilledError:
                continue
            return outcome
        raise AssertionError("Firehose would write the whole batch under errors/")

    def _put(self, key: str, body: bytes) -> None:
        while True:
            try:
                self._world.s3.put_object(Bucket="lake", Key=key, Body=body)
            except (Exception, KilledError):  # noqa: BLE001 - Firehose retries for a day
                self._world.clock.now += RETRY_SECONDS
            else:
                return


def parts_of(data: bytes) -> list[bytes]:
    """Return the records of an aggregate as Firehose does, which leaves alone what it cannot read."""
    if is_aggregated(data):
        try:
            return deaggregate_records(data)
        except MalformedAggregateError:
            pass
    return [data]


def settle(world: World, forwarding: Forwarding, delivery: Delivery, rounds: int = 2000) -> None:
    """Let all consumers run until nothing waits."""
    delivery.run()
    forwarding.run()
    for _ in range(rounds):
        if not world.queue.messages:
            return
        world.drain_queue()
        world.clock.now += RETRY_SECONDS
