"""Control planes, queues and settings survive the kill of the emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.emulator.durability import assert_not_stored, without_metadata
from tests.fakes.emulator.functions import ROLE, invoke, make_function
from tests.fakes.emulator.process import REGION

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator


RETURN = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
ALARM = {
    "AlarmName": "a",
    "Namespace": "n",
    "MetricName": "m",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
}
MACHINE = {"name": "m", "definition": json.dumps(RETURN), "roleArn": ROLE}
ROLE_WITH_TAGS = {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags": [{"Key": "a", "Value": "b"}]}
MADE: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("ssm", "put_parameter", {"Name": "/a", "Value": "v", "Type": "String"}, "get_parameter", {"Name": "/a"}),
    ("iam", "create_role", ROLE_WITH_TAGS, "get_role", {"RoleName": "r"}),
    ("glue", "create_database", {"DatabaseInput": {"Name": "d"}}, "get_database", {"Name": "d"}),
    ("stepfunctions", "create_state_machine", MACHINE, "list_state_machines", {}),
    ("logs", "create_log_group", {"logGroupName": "g"}, "describe_log_groups", {}),
    ("cloudwatch", "put_metric_alarm", ALARM, "describe_alarms", {"AlarmNames": ["a"]}),
    ("sns", "create_topic", {"Name": "t"}, "list_topics", {}),
    ("kms", "create_key", {"Description": "k"}, "list_keys", {}),
    ("athena", "create_work_group", {"Name": "w"}, "get_work_group", {"WorkGroup": "w"}),
    ("events", "put_rule", {"Name": "r", "ScheduleExpression": "rate(1 day)"}, "describe_rule", {"Name": "r"}),
]


def describe(
    emulator: Emulator, service: str, _make: str, _made: dict[str, Any], operation: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    return without_metadata(getattr(emulator.client(service), operation)(**arguments))


def test_function_with_its_mapping_runs_again(emulator: Emulator) -> None:
    kinesis = emulator.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    name = make_function(emulator, "def handler(event, context): return event")
    client = emulator.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    client.create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName=name,
        StartingPosition="TRIM_HORIZON",
        BatchSize=50,
        MaximumBatchingWindowInSeconds=1,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=4,
        MaximumRecordAgeInSeconds=600,
        ParallelizationFactor=2,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:000000000000:dead"}},
    )
    (mapping,) = client.list_event_source_mappings()["EventSourceMappings"]

    emulator.restart()

    assert client.list_event_source_mappings()["EventSourceMappings"] == [mapping]
    assert mapping["MaximumRetryAttempts"] == 4
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3
    assert invoke(emulator, name, {"a": 1}).payload == {"a": 1}


def test_queue_with_its_messages(emulator: Emulator) -> None:
    sqs = emulator.client("sqs")
    queue = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="kept")
    sqs.send_message(QueueUrl=queue, MessageBody="deleted")
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)["Messages"]:
        if message["Body"] == "deleted":
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    emulator.restart()

    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == ["kept"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert attributes == {"VisibilityTimeout": "7"}


def test_rest_api_with_its_key(emulator: Emulator) -> None:
    gateway = emulator.client("apigateway")
    api = gateway.create_rest_api(name="api")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE", apiKeyRequired=True)
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    gateway.create_deployment(restApiId=api, stageName="v1")
    key = gateway.create_api_key(name="key", enabled=True, value="a-key-of-twenty-letters")["id"]
    plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api, "stage": "v1"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")

    emulator.restart()

    assert gateway.get_method(restApiId=api, resourceId=root, httpMethod="GET")["apiKeyRequired"] is True
    assert gateway.get_stage(restApiId=api, stageName="v1")["stageName"] == "v1"
    assert gateway.get_api_key(apiKey=key, includeValue=True)["value"] == "a-key-of-twenty-letters"
    assert gateway.get_usage_plan_key(usagePlanId=plan, keyId=key)["id"] == key


def test_of_every_other_service(emulator: Emulator) -> None:
    for service, make, arguments, *_ in MADE:
        getattr(emulator.client(service), make)(**arguments)
    before = [describe(emulator, *described) for described in MADE]

    emulator.restart()

    assert [describe(emulator, *described) for described in MADE] == before


def test_setting(emulator: Emulator) -> None:
    (emulator.directory / "state" / "ssm.json.new").mkdir()

    assert_not_stored(emulator.client("ssm").put_parameter, Name="/a", Value="v", Type="String")
