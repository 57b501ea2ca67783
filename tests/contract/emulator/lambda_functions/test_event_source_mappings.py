"""An event-source mapping returns the settings that it was created with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from deployment.emulator.settings import ACCOUNT
from tests.fakes.emulator.functions import make_function
from tests.fakes.emulator.process import REGION
from tests.fakes.waiting import wait_until

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator


@pytest.fixture
def arguments(emulator: Emulator) -> dict[str, str]:
    emulator.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    return {
        "EventSourceArn": "arn:aws:kinesis:eu-central-1:000000000000:stream/clicks",
        "FunctionName": make_function(emulator, "def handler(event, context): pass"),
    }


def test_the_starting_timestamp_of_a_mapping_is_stored(emulator: Emulator, arguments: dict[str, str]):
    moment = round(time.time()) - 60
    functions = emulator.client("lambda")

    functions.create_event_source_mapping(
        **arguments, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment
    )

    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["StartingPositionTimestamp"].timestamp() == moment
    assert mapping["BatchSize"] == 100


def test_the_metrics_of_a_mapping_are_stored_and_updated(emulator: Emulator, arguments: dict[str, str]):
    functions = emulator.client("lambda")

    created = functions.create_event_source_mapping(
        **arguments, StartingPosition="TRIM_HORIZON", Enabled=False, MetricsConfig={"Metrics": ["EventCount"]}
    )
    assert (created["MetricsConfig"], created["State"]) == ({"Metrics": ["EventCount"]}, "Disabled")

    functions.update_event_source_mapping(UUID=created["UUID"], Enabled=True)
    mapping = functions.get_event_source_mapping(UUID=created["UUID"])
    assert (mapping["MetricsConfig"], mapping["State"]) == ({"Metrics": ["EventCount"]}, "Enabled")

    functions.update_event_source_mapping(UUID=created["UUID"], MetricsConfig={"Metrics": []})
    assert functions.get_event_source_mapping(UUID=created["UUID"])["MetricsConfig"] == {"Metrics": []}


def test_a_timestamp_is_required_for_at_timestamp_only(emulator: Emulator, arguments: dict[str, str]):
    functions = emulator.client("lambda")

    with pytest.raises(ClientError, match="StartingPositionTimestamp"):
        functions.create_event_source_mapping(**arguments, StartingPosition="AT_TIMESTAMP")
    with pytest.raises(ClientError, match="StartingPositionTimestamp"):
        functions.create_event_source_mapping(
            **arguments, StartingPosition="LATEST", StartingPositionTimestamp=time.time()
        )


WRITING_FROM_THE_THIRD_DELIVERY = """
import boto3

s3, failed = boto3.client("s3"), []

def handler(event, context):
    [message] = event["Records"]
    if len(failed) < 2:
        failed.append(message["messageId"])
        return {"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}
    s3.put_object(Bucket="late", Key="message", Body=message["body"].encode())
    return {"batchItemFailures": []}
"""


def test_a_message_stays_in_its_queue_until_the_function_has_processed_it(emulator: Emulator) -> None:
    # Given a function that fails twice, as collect does while S3 refuses bad rows
    sqs, s3 = emulator.client("sqs"), emulator.client("s3")
    queue = sqs.create_queue(QueueName="late", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    s3.create_bucket(Bucket="late", CreateBucketConfiguration={"LocationConstraint": REGION})
    emulator.client("lambda").create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:late",
        FunctionName=make_function(emulator, WRITING_FROM_THE_THIRD_DELIVERY, Timeout=1),
        BatchSize=5,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
    )

    sqs.send_message(QueueUrl=queue, MessageBody='{"key": "ü"}')

    wait_until(lambda: s3.list_objects_v2(Bucket="late").get("KeyCount"), seconds=30)
    assert s3.get_object(Bucket="late", Key="message")["Body"].read() == '{"key": "ü"}'.encode()
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    wait_until(
        lambda: set(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=counts)["Attributes"].values()) == {"0"}
    )
