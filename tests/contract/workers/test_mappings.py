"""Event-source mappings from Kinesis as AWS documents them, through the public API."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.emulator.workers import Laptop

SUCCEED = "keep()"
FAIL_ON_POISON = 'keep()\nif "poison" in numbers:\n    raise ValueError("poison")'


def test_a_batching_window_fills_a_batch(laptop: Laptop):
    # Given a mapping with a window of two seconds
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    laptop.mapping(stream, function, MaximumBatchingWindowInSeconds=2)

    # When records come one by one
    for number in range(10):
        laptop.put(stream, [number])

    # Then the function gets them in one batch
    laptop.wait_until(lambda: laptop.events(function))
    assert laptop.batches(function) == [list(range(10))]


def test_a_full_batch_does_not_wait_for_its_window(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    laptop.mapping(stream, function, MaximumBatchingWindowInSeconds=60, BatchSize=5)

    laptop.put(stream, list(range(10)))

    laptop.wait_until(lambda: len(laptop.events(function)) == 2)
    assert laptop.batches(function) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_reported_failures_are_delivered_again_from_the_lowest_on(laptop: Laptop):
    # Given a function that reports its third record, once
    stream = laptop.stream()
    function = laptop.function(
        "keep()\nif len(numbers) == 5:\n"
        '    return {"batchItemFailures": [{"itemIdentifier": sequences[4]}, {"itemIdentifier": sequences[2]}]}'
    )
    laptop.mapping(
        stream, function, FunctionResponseTypes=["ReportBatchItemFailures"], MaximumBatchingWindowInSeconds=1
    )

    laptop.put(stream, list(range(5)))

    # Then the records before it are finished, and it is retried with all that follow
    laptop.wait_until(lambda: len(laptop.events(function)) == 2)
    assert laptop.batches(function) == [[0, 1, 2, 3, 4], [2, 3, 4]]


def test_bisecting_isolates_the_poison_and_sends_it_to_the_queue(laptop: Laptop):
    # Given a mapping that splits failed batches and has a queue for discarded batches
    stream, function = laptop.stream(), laptop.function(FAIL_ON_POISON)
    sqs = laptop.client("sqs")
    queue = sqs.create_queue(QueueName=f"q-{function}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    laptop.mapping(
        stream,
        function,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        MaximumBatchingWindowInSeconds=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )

    laptop.put(stream, [0, 1, 2, "poison", 4, 5, 6, 7])

    # Then only the poison is discarded, and the queue gets its position
    message = laptop.wait_until(
        lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"), seconds=60
    )[0]
    notice = json.loads(message["Body"])
    assert notice["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert notice["responseContext"]["functionError"] == "Unhandled"
    info = notice["KinesisBatchInfo"]
    assert info["batchSize"] == 1
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert info["streamArn"] == laptop.stream_arn(stream)
    laptop.wait_until(lambda: [4, 5, 6, 7] in laptop.batches(function))
    poisoned = [batch for batch in laptop.batches(function) if "poison" in batch]
    assert [len(batch) for batch in poisoned] == [8, 4, 2, 1, 1]
    succeeded = [number for batch in laptop.batches(function) if "poison" not in batch for number in batch]
    assert succeeded == [0, 1, 2, 4, 5, 6, 7]


def test_a_bucket_gets_the_whole_event_of_a_discarded_batch(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(FAIL_ON_POISON)
    bucket = f"bad-{function}"
    laptop.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    uuid = laptop.mapping(
        stream,
        function,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )

    laptop.put(stream, ["poison"])

    [(key, body)] = laptop.wait_until(lambda: laptop.objects(bucket)).items()
    day = time.strftime("%Y/%m/%d", time.gmtime())
    assert key.startswith(f"aws/lambda/{uuid}/shardId-000000000000/{day}/")
    document = json.loads(body)
    assert json.loads(document["payload"])["Records"][0]["eventSourceARN"] == laptop.stream_arn(stream)
    assert document["KinesisBatchInfo"]["batchSize"] == 1


def test_a_topic_gets_the_record_of_a_discarded_batch(laptop: Laptop):
    # Given a topic, with a queue behind it to look into
    stream, function = laptop.stream(), laptop.function(FAIL_ON_POISON)
    sqs, sns = laptop.client("sqs"), laptop.client("sns")
    queue = sqs.create_queue(QueueName=f"t-{function}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=f"t-{function}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    laptop.mapping(stream, function, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": topic}})

    laptop.put(stream, ["poison"])

    [message] = laptop.wait_until(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"))
    notice = json.loads(message["Body"])
    assert notice["KinesisBatchInfo"]["batchSize"] == 1
    assert "payload" not in notice


def test_records_that_are_too_old_are_discarded_without_an_invocation(laptop: Laptop):
    # Given a function that cannot be invoked, and records that may be a second old (AWS's least is 60)
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    laptop.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    bucket = f"old-{function}"
    laptop.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    destination = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    laptop.mapping(stream, function, MaximumRecordAgeInSeconds=1, DestinationConfig=destination)

    laptop.put(stream, [1])

    [body] = laptop.wait_until(lambda: laptop.objects(bucket)).values()
    assert json.loads(body)["requestContext"]["condition"] == "RecordAgeExceeded"
    laptop.client("lambda").delete_function_concurrency(FunctionName=function)
    laptop.put(stream, [2])
    laptop.wait_until(lambda: laptop.batches(function) == [[2]])


def test_being_throttled_uses_no_retry(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    laptop.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    laptop.mapping(stream, function, MaximumRetryAttempts=0)

    laptop.put(stream, [1])
    time.sleep(3)
    laptop.client("lambda").delete_function_concurrency(FunctionName=function)

    laptop.wait_until(lambda: laptop.batches(function) == [[1]])


def test_shards_and_lanes_work_at_once_and_keys_keep_their_order(laptop: Laptop):
    # Given two shards with two lanes each, and a function that takes its time
    stream, function = laptop.stream(shards=2), laptop.function("time.sleep(0.5)\nkeep()")
    laptop.mapping(stream, function, ParallelizationFactor=2, BatchSize=2)

    # When many keys are put
    laptop.put(stream, list(range(40)), key=lambda number: f"key-{number % 8}")

    # Then invocations overlap, and no key's records are out of order
    laptop.wait_until(lambda: sum(len(batch) for batch in laptop.batches(function)) == 40, seconds=60)
    events = laptop.events(function)
    overlaps = max(
        sum(event["began"] < other["ended"] and other["began"] < event["ended"] for other in events) for event in events
    )
    assert overlaps >= 3
    for key in range(8):
        seen = [number for event in events for number in event["numbers"] if number % 8 == key]
        assert seen == sorted(seen)


def test_a_slow_function_does_not_delay_another(laptop: Laptop):
    slow_stream, slow = laptop.stream(), laptop.function("time.sleep(20)\nkeep()")
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    laptop.mapping(slow_stream, slow)
    laptop.mapping(stream, function)
    laptop.put(slow_stream, [0])
    time.sleep(1.5)

    laptop.put(stream, [1])
    laptop.wait_until(lambda: laptop.events(function))

    assert not laptop.events(slow)


def test_latest_begins_at_the_mappings_creation(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    laptop.put(stream, ["before"])
    time.sleep(1.5)

    laptop.mapping(stream, function, StartingPosition="LATEST")
    laptop.put(stream, ["after"])

    laptop.wait_until(lambda: laptop.events(function))
    assert laptop.batches(function) == [["after"]]


def test_at_timestamp_begins_at_its_moment(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    laptop.put(stream, ["before"])
    time.sleep(1.1)
    moment = time.time()
    laptop.put(stream, ["after"])

    laptop.mapping(stream, function, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment)

    laptop.wait_until(lambda: laptop.events(function))
    assert laptop.batches(function) == [["after"]]


def test_filters_let_only_what_matches_through(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    pattern = json.dumps({"data": {"type": ["View"]}})
    laptop.mapping(stream, function, FilterCriteria={"Filters": [{"Pattern": pattern}]})

    laptop.put(stream, [{"type": "View"}, {"type": "Click"}, b"no json", {"type": "View"}])

    laptop.wait_until(lambda: sum(len(batch) for batch in laptop.batches(function)) == 2)
    assert all(number == {"type": "View"} for batch in laptop.batches(function) for number in batch)


def test_a_disabled_mapping_stops_and_resumes_at_its_position(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    uuid = laptop.mapping(stream, function)
    laptop.put(stream, [1])
    laptop.wait_until(lambda: laptop.batches(function) == [[1]])

    laptop.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=False)
    time.sleep(1.5)
    laptop.put(stream, [2])
    time.sleep(1)
    assert laptop.batches(function) == [[1]]

    laptop.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
    laptop.wait_until(lambda: laptop.batches(function) == [[1], [2]])


def test_a_mapping_that_was_off_from_the_start_begins_at_the_oldest_record(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    uuid = laptop.mapping(stream, function, Enabled=False)
    laptop.put(stream, [1])
    time.sleep(1.5)
    assert laptop.batches(function) == []

    laptop.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)

    laptop.wait_until(lambda: laptop.batches(function) == [[1]])


def test_children_are_read_after_their_parents(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function("time.sleep(0.3)\nkeep()")
    laptop.mapping(stream, function, BatchSize=5)
    laptop.put(stream, list(range(10)))
    laptop.client("kinesis").update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    laptop.put(stream, list(range(10, 20)))

    laptop.wait_until(lambda: sum(len(batch) for batch in laptop.batches(function)) == 20)
    assert [number for batch in laptop.batches(function) for number in batch] == list(range(20))


def test_the_invocation_is_as_documented(laptop: Laptop):
    stream, function = laptop.stream(), laptop.function(SUCCEED)
    laptop.mapping(stream, function)
    laptop.put(stream, [1], key="u-1")

    [event] = laptop.wait_until(lambda: laptop.events(function))
    [record] = event["records"]
    assert record["eventID"] == f"shardId-000000000000:{record['kinesis']['sequenceNumber']}"
    assert record["invokeIdentityArn"].endswith("role/rivulet-test")
    assert record["kinesis"]["partitionKey"] == "u-1"
    assert abs(record["kinesis"]["approximateArrivalTimestamp"] - time.time()) < 60
