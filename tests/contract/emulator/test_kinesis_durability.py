"""Acknowledged records of Kinesis survive the kill of the emulator."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tests.fakes.emulator.durability import assert_not_stored, read_stream

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator


def test_records_numbers_and_iterators(emulator: Emulator) -> None:
    kinesis = emulator.client("kinesis")
    kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"}, Tags={"a": "b"})
    records = [{"Data": f"{at}".encode(), "PartitionKey": f"{at}"} for at in range(200)]
    put = kinesis.put_records(StreamName="s", Records=records)
    shard = put["Records"][-1]["ShardId"]
    latest = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]

    emulator.restart()
    after = kinesis.put_record(StreamName="s", Data=b"after", PartitionKey="199")

    assert sorted(read_stream(kinesis, "s")) == sorted([*(f"{at}".encode() for at in range(200)), b"after"])
    assert int(after["SequenceNumber"]) > max(int(each["SequenceNumber"]) for each in put["Records"])
    assert [record["Data"] for record in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"after"]
    assert kinesis.list_tags_for_stream(StreamName="s")["Tags"] == [{"Key": "a", "Value": "b"}]


def test_reshards(emulator: Emulator) -> None:
    kinesis = emulator.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.put_record(StreamName="s", Data=b"before", PartitionKey="p")
    kinesis.update_shard_count(StreamName="s", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    kinesis.put_record(StreamName="s", Data=b"after", PartitionKey="p")
    shards = kinesis.list_shards(StreamName="s")["Shards"]

    emulator.restart()

    assert kinesis.list_shards(StreamName="s")["Shards"] == shards
    assert read_stream(kinesis, "s") == [b"before", b"after"]


def test_torn_tail_is_cut(emulator: Emulator) -> None:
    kinesis = emulator.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.put_record(StreamName="s", Data=b"whole", PartitionKey="p")
    emulator.kill()
    (segment,) = emulator.directory.glob("kinesis/*/*/*.segment")
    with segment.open("ab") as file:
        file.write(segment.read_bytes()[:-3])

    emulator.start()
    kinesis.put_record(StreamName="s", Data=b"next", PartitionKey="p")
    emulator.restart()

    assert read_stream(kinesis, "s") == [b"whole", b"next"]


def test_every_acknowledged_record_of_a_kill_in_full_flow(emulator: Emulator) -> None:
    kinesis = emulator.client("kinesis")
    kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    acknowledged: list[bytes] = []
    deadline = time.monotonic() + 60

    def pour() -> None:
        at = 0
        while time.monotonic() < deadline:
            data = [f"{at}-{place}".encode() for place in range(20)]
            records = [{"Data": each, "PartitionKey": each.decode()} for each in data]
            try:
                kinesis.put_records(StreamName="s", Records=records)
            except (BotoCoreError, ClientError):
                return
            acknowledged.extend(data)
            at += 1

    pouring = threading.Thread(target=pour)
    pouring.start()
    time.sleep(0.3)
    emulator.restart()
    pouring.join()

    assert acknowledged
    assert set(acknowledged) <= set(read_stream(kinesis, "s"))


def test_record(emulator: Emulator) -> None:
    kinesis = emulator.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    (emulator.directory / "kinesis").write_text("in the way")

    assert_not_stored(kinesis.put_record, StreamName="s", Data=b"x", PartitionKey="p")
    (emulator.directory / "kinesis").unlink()

    assert read_stream(kinesis, "s") == []
