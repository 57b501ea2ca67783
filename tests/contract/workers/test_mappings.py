"""What AWS documents of event-source mappings from Kinesis, asserted from outside."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.workers.conftest import Carried

SUCCEED = "keep()"
FAIL_ON_POISON = 'keep()\nif "poison" in numbers:\n    raise ValueError("poison")'


def test_a_batching_window_fills_a_batch(carried: Carried):
    # Given a mapping with a window of two seconds
    stream, function = carried.stream(), carried.function(SUCCEED)
    carried.mapping(stream, function, MaximumBatchingWindowInSeconds=2)

    # When records come one by one
    for number in range(10):
        carried.put(stream, [number])

    # Then the function gets them in one batch
    carried.until(lambda: carried.events(function))
    assert carried.batches(function) == [list(range(10))]


def test_a_full_batch_does_not_wait_for_its_window(carried: Carried):
    stream, function = carried.stream(), carried.function(SUCCEED)
    carried.mapping(stream, function, MaximumBatchingWindowInSeconds=60, BatchSize=5)

    carried.put(stream, list(range(10)))

    carried.until(lambda: len(carried.events(function)) == 2)
    assert carried.batches(function) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_reported_failures_are_delivered_again_from_the_lowest_on(carried: Carried):
    # Given a function that reports its third record, once
    stream = carried.stream()
    function = carried.function(
        "keep()\nif len(numbers) == 5:\n"
        '    return {"batchItemFailures": [{"itemIdentifier": sequences[4]}, {"itemIdentifier": sequences[2]}]}'
    )
    carried.mapping(
        stream, function, FunctionResponseTypes=["ReportBatchItemFailures"], MaximumBatchingWindowInSeconds=1
    )

    carried.put(stream, list(range(5)))

    # Then what comes before it is done with, and it comes again with all that follows
    carried.until(lambda: len(carried.events(function)) == 2)
    assert carried.batches(function) == [[0, 1, 2, 3, 4], [2, 3, 4]]


def test_bisecting_isolates_the_poison_and_tells_the_queue(carried: Carried):
    # Given a mapping that splits failed batches and has a queue for what it gives up
    stream, function = carried.stream(), carried.function(FAIL_ON_POISON)
    sqs = carried.client("sqs")
    queue = sqs.create_queue(QueueName=f"q-{function}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    carried.mapping(
        stream,
        function,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        MaximumBatchingWindowInSeconds=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )

    carried.put(stream, [0, 1, 2, "poison", 4, 5, 6, 7])

    # Then only the poison is given up, and the queue is told where it lies
    message = carried.until(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"), seconds=60)[
        0
    ]
    notice = json.loads(message["Body"])
    assert notice["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert notice["responseContext"]["functionError"] == "Unhandled"
    info = notice["KinesisBatchInfo"]
    assert info["batchSize"] == 1
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert info["streamArn"] == carried.stream_arn(stream)
    carried.until(lambda: [4, 5, 6, 7] in carried.batches(function))
    poisoned = [batch for batch in carried.batches(function) if "poison" in batch]
    assert [len(batch) for batch in poisoned] == [8, 4, 2, 1, 1]
    succeeded = [number for batch in carried.batches(function) if "poison" not in batch for number in batch]
    assert succeeded == [0, 1, 2, 4, 5, 6, 7]


def test_a_bucket_gets_the_whole_event_of_what_was_given_up(carried: Carried):
    stream, function = carried.stream(), carried.function(FAIL_ON_POISON)
    bucket = f"bad-{function}"
    carried.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    uuid = carried.mapping(
        stream,
        function,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )

    carried.put(stream, ["poison"])

    [(key, body)] = carried.until(lambda: carried.objects(bucket)).items()
    day = time.strftime("%Y/%m/%d", time.gmtime())
    assert key.startswith(f"aws/lambda/{uuid}/shardId-000000000000/{day}/")
    document = json.loads(body)
    assert json.loads(document["payload"])["Records"][0]["eventSourceARN"] == carried.stream_arn(stream)
    assert document["KinesisBatchInfo"]["batchSize"] == 1


def test_a_topic_is_told_what_was_given_up(carried: Carried):
    # Given a topic, with a queue behind it to look into
    stream, function = carried.stream(), carried.function(FAIL_ON_POISON)
    sqs, sns = carried.client("sqs"), carried.client("sns")
    queue = sqs.create_queue(QueueName=f"t-{function}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=f"t-{function}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    carried.mapping(stream, function, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": topic}})

    carried.put(stream, ["poison"])

    [message] = carried.until(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"))
    notice = json.loads(message["Body"])
    assert notice["KinesisBatchInfo"]["batchSize"] == 1
    assert "payload" not in notice


def test_records_that_are_too_old_are_given_up_unseen(carried: Carried):
    # Given a function that cannot be invoked, and records that may be a second old (AWS's least is 60)
    stream, function = carried.stream(), carried.function(SUCCEED)
    carried.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    bucket = f"old-{function}"
    carried.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    destination = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    carried.mapping(stream, function, MaximumRecordAgeInSeconds=1, DestinationConfig=destination)

    carried.put(stream, [1])

    [body] = carried.until(lambda: carried.objects(bucket)).values()
    assert json.loads(body)["requestContext"]["condition"] == "RecordAgeExceeded"
    carried.client("lambda").delete_function_concurrency(FunctionName=function)
    carried.put(stream, [2])
    carried.until(lambda: carried.batches(function) == [[2]])


def test_being_throttled_uses_no_retry(carried: Carried):
    stream, function = carried.stream(), carried.function(SUCCEED)
    carried.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    carried.mapping(stream, function, MaximumRetryAttempts=0)

    carried.put(stream, [1])
    time.sleep(3)
    carried.client("lambda").delete_function_concurrency(FunctionName=function)

    carried.until(lambda: carried.batches(function) == [[1]])


def test_shards_and_lanes_work_at_once_and_keys_keep_their_order(carried: Carried):
    # Given two shards with two lanes each, and a function that takes its time
    stream, function = carried.stream(shards=2), carried.function("time.sleep(0.5)\nkeep()")
    carried.mapping(stream, function, ParallelizationFactor=2, BatchSize=2)

    # When many keys are put
    carried.put(stream, list(range(40)), key=lambda number: f"key-{number % 8}")

    # Then invocations overlap, and no key's records are out of order
    carried.until(lambda: sum(len(batch) for batch in carried.batches(function)) == 40, seconds=60)
    events = carried.events(function)
    overlaps = max(
        sum(one["began"] < other["ended"] and other["began"] < one["ended"] for other in events) for one in events
    )
    assert overlaps >= 3
    for key in range(8):
        seen = [number for event in events for number in event["numbers"] if number % 8 == key]
        assert seen == sorted(seen)


def test_a_slow_function_does_not_delay_another(carried: Carried):
    slow_stream, slow = carried.stream(), carried.function("time.sleep(5)\nkeep()")
    stream, function = carried.stream(), carried.function(SUCCEED)
    carried.mapping(slow_stream, slow)
    carried.mapping(stream, function)
    carried.put(slow_stream, [0])
    time.sleep(1.5)

    began = time.monotonic()
    carried.put(stream, [1])
    carried.until(lambda: carried.events(function))

    assert time.monotonic() - began < 3
    assert not carried.events(slow)


def test_latest_begins_at_the_mappings_creation(carried: Carried):
    stream, function = carried.stream(), carried.function(SUCCEED)
    carried.put(stream, ["before"])
    time.sleep(1.5)

    carried.mapping(stream, function, StartingPosition="LATEST")
    carried.put(stream, ["after"])

    carried.until(lambda: carried.events(function))
    assert carried.batches(function) == [["after"]]


def test_at_timestamp_begins_at_its_moment(carried: Carried):
    stream, function = carried.stream(), carried.function(SUCCEED)
    carried.put(stream, ["before"])
    time.sleep(1.1)
    moment = time.time()
    carried.put(stream, ["after"])

    carried.mapping(stream, function, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment)

    carried.until(lambda: carried.events(function))
    assert carried.batches(function) == [["after"]]


def test_filters_let_only_what_matches_through(carried: Carried):
    stream, function = carried.stream(), carried.function(SUCCEED)
    pattern = json.dumps({"data": {"type": ["View"]}})
    carried.mapping(stream, function, FilterCriteria={"Filters": [{"Pattern": pattern}]})

    carried.put(stream, [{"type": "View"}, {"type": "Click"}, b"no json", {"type": "View"}])

    carried.until(lambda: sum(len(batch) for batch in carried.batches(function)) == 2)
    assert all(number == {"type": "View"} for batch in carried.batches(function) for number in batch)


def test_a_disabled_mapping_stops_and_goes_on_where_it_was(carried: Carried):
    stream, function = carried.stream(), carried.function(SUCCEED)
    uuid = carried.mapping(stream, function)
    carried.put(stream, [1])
    carried.until(lambda: carried.batches(function) == [[1]])

    carried.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=False)
    time.sleep(1.5)
    carried.put(stream, [2])
    time.sleep(1)
    assert carried.batches(function) == [[1]]

    carried.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
    carried.until(lambda: carried.batches(function) == [[1], [2]])


def test_children_are_read_after_their_parents(carried: Carried):
    stream, function = carried.stream(), carried.function("time.sleep(0.3)\nkeep()")
    carried.mapping(stream, function, BatchSize=5)
    carried.put(stream, list(range(10)))
    carried.client("kinesis").update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    carried.put(stream, list(range(10, 20)))

    carried.until(lambda: sum(len(batch) for batch in carried.batches(function)) == 20)
    assert [number for batch in carried.batches(function) for number in batch] == list(range(20))


def test_the_invocation_is_as_documented(carried: Carried):
    stream, function = carried.stream(), carried.function(SUCCEED)
    carried.mapping(stream, function)
    carried.put(stream, [1], key="person")

    [event] = carried.until(lambda: carried.events(function))
    [record] = event["records"]
    assert record["eventID"] == f"shardId-000000000000:{record['kinesis']['sequenceNumber']}"
    assert record["invokeIdentityArn"].endswith("role/rivulet-test")
    assert record["kinesis"]["partitionKey"] == "person"
    assert abs(record["kinesis"]["approximateArrivalTimestamp"] - time.time()) < 60
