"""Kinesis Data Streams as its API reference and developer guide document it."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator


@pytest.fixture
def kinesis(shared_emulator: Emulator) -> Any:
    return shared_emulator.client("kinesis")


def make_stream(kinesis: Any, **options: Any) -> str:
    name = f"stream-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, **({"ShardCount": 1} | options))
    return name


def on_demand(kinesis: Any, **options: Any) -> str:
    name = f"stream-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"}, **options)
    return name


def put(kinesis: Any, stream: str, *data: str, key: str = "u-1") -> list[str]:
    answer = kinesis.put_records(
        StreamName=stream, Records=[{"Data": each.encode(), "PartitionKey": key} for each in data]
    )
    assert answer["FailedRecordCount"] == 0
    return [record["SequenceNumber"] for record in answer["Records"]]


def only_shard(kinesis: Any, stream: str) -> str:
    (shard,) = kinesis.list_shards(StreamName=stream)["Shards"]
    return str(shard["ShardId"])


def iterator(kinesis: Any, stream: str, shard: str, kind: str = "TRIM_HORIZON", **position: Any) -> str:
    answer = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind, **position)
    return str(answer["ShardIterator"])


def read(kinesis: Any, stream: str, shard: str, kind: str = "TRIM_HORIZON", **position: Any) -> list[str]:
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, stream, shard, kind, **position))
    return [record["Data"].decode() for record in answer["Records"]]


def error_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


class TestIterators:
    @pytest.mark.parametrize(
        ("kind", "expected"), [("AT_SEQUENCE_NUMBER", ["b", "c"]), ("AFTER_SEQUENCE_NUMBER", ["c"])]
    )
    def test_by_sequence_number(self, kinesis: Any, kind: str, expected: list[str]) -> None:
        stream = make_stream(kinesis)
        numbers = put(kinesis, stream, "a", "b", "c")

        assert read(kinesis, stream, only_shard(kinesis, stream), kind, StartingSequenceNumber=numbers[1]) == expected

    def test_trim_horizon_reads_from_the_oldest(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        put(kinesis, stream, "a", "b")

        assert read(kinesis, stream, only_shard(kinesis, stream)) == ["a", "b"]

    def test_latest_reads_only_what_comes_after_it(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        put(kinesis, stream, "before")
        latest = iterator(kinesis, stream, only_shard(kinesis, stream), "LATEST")

        put(kinesis, stream, "after")

        assert [record["Data"] for record in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"after"]

    def test_at_timestamp_reads_from_the_first_record_not_before_it(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        put(kinesis, stream, "before")
        time.sleep(0.01)
        moment = time.time()
        time.sleep(0.01)
        put(kinesis, stream, "after")

        assert read(kinesis, stream, only_shard(kinesis, stream), "AT_TIMESTAMP", Timestamp=moment) == ["after"]

    def test_timestamp_in_the_future_is_refused(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        arguments = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": time.time() + 60}

        code = error_of(kinesis.get_shard_iterator, StreamName=stream, ShardId=only_shard(kinesis, stream), **arguments)

        assert code == "InvalidArgumentException"

    def test_iterator_can_be_used_again(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        put(kinesis, stream, "a")
        start = iterator(kinesis, stream, only_shard(kinesis, stream))

        first, again = (kinesis.get_records(ShardIterator=start)["Records"] for _ in range(2))

        assert first == again

    def test_next_iterator_continues_after_the_page(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        put(kinesis, stream, "a", "b", "c")
        page = kinesis.get_records(ShardIterator=iterator(kinesis, stream, only_shard(kinesis, stream)), Limit=2)

        rest = kinesis.get_records(ShardIterator=page["NextShardIterator"])

        assert [record["Data"] for record in page["Records"] + rest["Records"]] == [b"a", b"b", b"c"]
        assert page["MillisBehindLatest"] >= 0
        assert rest["MillisBehindLatest"] == 0

    def test_nonsense_is_an_invalid_argument(self, kinesis: Any) -> None:
        assert error_of(kinesis.get_records, ShardIterator="nonsense") == "InvalidArgumentException"


class TestPuts:
    def test_sequence_numbers_grow_in_the_order_of_the_request(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)

        numbers = put(kinesis, stream, *"abcdef")

        assert numbers == sorted(numbers, key=int)
        assert not any(number.startswith("0") for number in numbers)

    def test_a_key_always_goes_to_one_shard_and_keys_spread(self, kinesis: Any) -> None:
        stream = on_demand(kinesis)
        records = [{"Data": b"x", "PartitionKey": f"user-{at % 40}"} for at in range(80)]

        shards = [record["ShardId"] for record in kinesis.put_records(StreamName=stream, Records=records)["Records"]]

        assert shards[:40] == shards[40:]
        assert len(set(shards)) == 4

    def test_explicit_hash_key_chooses_the_shard(self, kinesis: Any) -> None:
        stream = make_stream(kinesis, ShardCount=2)
        first, second = kinesis.list_shards(StreamName=stream)["Shards"]

        placed = [
            kinesis.put_record(
                StreamName=stream,
                Data=b"x",
                PartitionKey="u-1",
                ExplicitHashKey=shard["HashKeyRange"]["StartingHashKey"],
            )["ShardId"]
            for shard in (first, second)
        ]

        assert placed == [first["ShardId"], second["ShardId"]]

    @pytest.mark.parametrize(
        "records",
        [
            [{"Data": b"x", "PartitionKey": "p"}] * 501,
            [],
            [{"Data": b"x", "PartitionKey": ""}],
            [{"Data": b"x", "PartitionKey": "p" * 257}],
            [{"Data": b"x" * (1024 * 1024), "PartitionKey": "p"}],
        ],
        ids=["501 records", "no record", "no key", "long key", "1 MiB and its key"],
    )
    def test_limits(self, kinesis: Any, records: list[dict[str, Any]]) -> None:
        stream = make_stream(kinesis)

        assert error_of(kinesis.put_records, StreamName=stream, Records=records) == "ValidationException"

    def test_request_over_ten_mebibytes_is_refused(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        records = [{"Data": b"x" * (1024 * 1024 - 1), "PartitionKey": "p"}] * 11

        assert error_of(kinesis.put_records, StreamName=stream, Records=records) == "InvalidArgumentException"

    def test_unknown_stream(self, kinesis: Any) -> None:
        code = error_of(kinesis.put_record, StreamName="nowhere", Data=b"x", PartitionKey="p")

        assert code == "ResourceNotFoundException"


class TestStreams:
    def test_on_demand_has_four_shards(self, kinesis: Any) -> None:
        stream = on_demand(kinesis)

        summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]

        assert summary["OpenShardCount"] == 4
        assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}

    def test_tags_given_at_creation_are_there(self, kinesis: Any) -> None:
        stream = on_demand(kinesis, Tags={"Project": "rivulet"})
        arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]

        expected = [{"Key": "Project", "Value": "rivulet"}]
        assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == expected
        assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == expected

    def test_stream_made_anew_is_empty(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        put(kinesis, stream, "old")

        kinesis.delete_stream(StreamName=stream)
        kinesis.create_stream(StreamName=stream, ShardCount=1)

        assert read(kinesis, stream, only_shard(kinesis, stream)) == []


class TestReshards:
    def read_all(self, kinesis: Any, stream: str) -> list[str]:
        shards = kinesis.list_shards(StreamName=stream)["Shards"]
        return [data for shard in shards for data in read(kinesis, stream, shard["ShardId"])]

    def test_split_keeps_the_parent_and_its_records(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        put(kinesis, stream, "a", "b")
        parent = only_shard(kinesis, stream)

        kinesis.split_shard(StreamName=stream, ShardToSplit=parent, NewStartingHashKey=str(2**127))
        put(kinesis, stream, "c")

        old, *children = kinesis.list_shards(StreamName=stream)["Shards"]
        assert "EndingSequenceNumber" in old["SequenceNumberRange"]
        assert [child["ParentShardId"] for child in children] == [parent, parent]
        assert sorted(self.read_all(kinesis, stream)) == ["a", "b", "c"]

    def test_end_of_a_closed_shard_names_its_children(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)
        put(kinesis, stream, "a")
        parent = only_shard(kinesis, stream)
        kinesis.split_shard(StreamName=stream, ShardToSplit=parent, NewStartingHashKey=str(2**127))

        page = kinesis.get_records(ShardIterator=iterator(kinesis, stream, parent))

        assert [record["Data"] for record in page["Records"]] == [b"a"]
        assert "NextShardIterator" not in page
        assert [child["ParentShards"] for child in page["ChildShards"]] == [[parent], [parent]]

    def test_merge_names_both_parents(self, kinesis: Any) -> None:
        stream = make_stream(kinesis, ShardCount=2)
        one, other = (shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"])

        kinesis.merge_shards(StreamName=stream, ShardToMerge=one, AdjacentShardToMerge=other)

        child = kinesis.list_shards(StreamName=stream)["Shards"][-1]
        assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (one, other)
        assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}

    @pytest.mark.parametrize(("before", "after"), [(2, 4), (4, 2), (4, 3), (3, 5), (2, 2)])
    def test_update_of_the_count_loses_nothing(self, kinesis: Any, before: int, after: int) -> None:
        stream = make_stream(kinesis, ShardCount=before)
        records = [{"Data": f"{at}".encode(), "PartitionKey": f"user-{at}"} for at in range(100)]
        kinesis.put_records(StreamName=stream, Records=records)

        kinesis.update_shard_count(StreamName=stream, TargetShardCount=after, ScalingType="UNIFORM_SCALING")
        kinesis.put_records(StreamName=stream, Records=records)

        assert sorted(map(int, self.read_all(kinesis, stream))) == sorted([*range(100), *range(100)])
        latest = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
        assert len(latest) == after
        ranges = sorted(
            (int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))
            for shard in latest
        )
        assert [end + 1 for _, end in ranges] == [start for start, _ in ranges[1:]] + [2**128]


class TestFaults:
    @pytest.fixture
    def failing(self, shared_emulator: Emulator) -> Any:
        """Configure faults for the duration of a test."""
        path = shared_emulator.directory / "faults.json"
        yield lambda **faults: path.write_text(json.dumps(faults))
        path.unlink(missing_ok=True)

    def test_records_fail_one_by_one(self, kinesis: Any, failing: Any) -> None:
        stream = make_stream(kinesis)
        failing(kinesis_failed_record=3)

        answer = kinesis.put_records(StreamName=stream, Records=[{"Data": b"x", "PartitionKey": "p"}] * 7)

        assert answer["FailedRecordCount"] == 2
        failed = [at for at, record in enumerate(answer["Records"]) if "ErrorCode" in record]
        assert failed == [2, 5]
        assert answer["Records"][2]["ErrorCode"] == "ProvisionedThroughputExceededException"
        assert "SequenceNumber" not in answer["Records"][2]
        assert len(read(kinesis, stream, only_shard(kinesis, stream))) == 5

    def test_calls_are_throttled(self, kinesis: Any, failing: Any) -> None:
        stream = make_stream(kinesis)
        failing(kinesis_throttled_call=1)

        code = error_of(kinesis.put_record, StreamName=stream, Data=b"x", PartitionKey="p")

        assert code == "ProvisionedThroughputExceededException"

    def test_reads_are_throttled(self, kinesis: Any, failing: Any) -> None:
        stream = make_stream(kinesis)
        start = iterator(kinesis, stream, only_shard(kinesis, stream))
        failing(kinesis_throttled_read=1)

        assert error_of(kinesis.get_records, ShardIterator=start) == "ProvisionedThroughputExceededException"

    def test_none_without_the_file(self, kinesis: Any) -> None:
        stream = make_stream(kinesis)

        put(kinesis, stream, *("x" for _ in range(100)))
