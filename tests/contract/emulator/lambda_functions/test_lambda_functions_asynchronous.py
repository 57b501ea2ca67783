"""Asynchronous invocations as Lambda's developer guide documents them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from deployment.emulator.settings import ACCOUNT
from tests.fakes.emulator.functions import make_function
from tests.fakes.emulator.process import REGION

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

FAILING = "def handler(event, context): raise ValueError('not today')"
ECHOING = "def handler(event, context): return {'got': event}"


def make_queue(emulator: Emulator, name: str) -> str:
    return str(emulator.client("sqs").create_queue(QueueName=name)["QueueUrl"])


def arn_of(queue: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"


def send_results(emulator: Emulator, name: str) -> str:
    """Send the results of a function to a queue, and return the queue."""
    queue = make_queue(emulator, "results")
    emulator.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn_of("results")}}
    )
    return queue


def accept(emulator: Emulator, name: str, event: Any) -> None:
    answer = emulator.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202


def next_message(emulator: Emulator, queue: str, seconds: float = 15) -> dict[str, Any]:
    sqs, deadline = emulator.client("sqs"), time.monotonic() + seconds
    while time.monotonic() < deadline:
        messages = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"]).get("Messages")
        if messages:
            return dict(messages[0])
        time.sleep(0.05)
    raise AssertionError("no message came")


@pytest.mark.parametrize(
    ("source", "wanted", "condition", "attempts"),
    [(ECHOING, "OnSuccess", "Success", 1), (FAILING, "OnFailure", "RetriesExhausted", 2)],
)
def test_destination_gets_result(emulator: Emulator, source: str, wanted: str, condition: str, attempts: int) -> None:
    queue = make_queue(emulator, "results")
    name = make_function(emulator, source)
    emulator.client("lambda").put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, DestinationConfig={wanted: {"Destination": arn_of("results")}}
    )

    accept(emulator, name, {"a": 1})

    record = json.loads(next_message(emulator, queue)["Body"])
    assert record["version"] == "1.0"
    assert record["requestPayload"] == {"a": 1}
    assert record["requestContext"]["condition"] == condition
    assert record["requestContext"]["approximateInvokeCount"] == attempts
    assert record["requestContext"]["functionArn"].endswith(f":function:{name}:$LATEST")
    if condition == "Success":
        assert record["responsePayload"] == {"got": {"a": 1}}
        assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    else:
        assert record["responsePayload"]["errorType"] == "ValueError"
        assert record["responseContext"]["functionError"] == "Unhandled"


def test_dead_letter_queue_gets_the_event_itself(emulator: Emulator) -> None:
    queue = make_queue(emulator, "dead")
    name = make_function(emulator, FAILING, DeadLetterConfig={"TargetArn": arn_of("dead")})
    emulator.client("lambda").put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)

    accept(emulator, name, {"a": 1})

    message = next_message(emulator, queue)
    assert json.loads(message["Body"]) == {"a": 1}
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert attributes["ErrorMessage"] == "not today"
    assert attributes["ErrorCode"] == "200"
    assert len(attributes["RequestID"]) == 36


def test_accepted_event_survives_a_kill(emulator: Emulator) -> None:
    name = make_function(emulator, "import time\ndef handler(event, context): time.sleep(1)\n")
    queue = send_results(emulator, name)

    accept(emulator, name, {"a": 1})
    emulator.kill()
    emulator.start()

    assert json.loads(next_message(emulator, queue)["Body"])["requestPayload"] == {"a": 1}


def test_finished_event_is_not_run_again(emulator: Emulator) -> None:
    name = make_function(emulator, ECHOING)
    queue = send_results(emulator, name)
    accept(emulator, name, {"a": 1})
    message = next_message(emulator, queue)
    emulator.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    time.sleep(0.2)

    emulator.kill()
    emulator.start()
    time.sleep(0.5)

    assert "Messages" not in emulator.client("sqs").receive_message(QueueUrl=queue)


def test_object_put_into_a_bucket_is_an_event(emulator: Emulator) -> None:
    name = make_function(emulator, "def handler(event, context): return event['Records'][0]['s3']['object']['key']")
    queue, s3 = send_results(emulator, name), emulator.client("s3")
    emulator.client("lambda").add_permission(
        FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    s3.create_bucket(Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": REGION})
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".csv"}]
    notification = {
        "LambdaFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    s3.put_bucket_notification_configuration(
        Bucket="uploads", NotificationConfiguration={"LambdaFunctionConfigurations": [notification]}
    )

    for key in ("out/a.csv", "in/a.txt", "in/a.csv"):
        s3.put_object(Bucket="uploads", Key=key, Body=b"x")

    assert json.loads(next_message(emulator, queue)["Body"])["responsePayload"] == "in/a.csv"
