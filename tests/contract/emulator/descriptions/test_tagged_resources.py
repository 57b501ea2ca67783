"""GetResources lists what an environment is made of, by its tags, until it is deleted."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

DEFINITION = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


def test_resources_of_every_service_are_listed_until_they_are_deleted(shared_emulator: Emulator) -> None:
    name, client = f"left-{uuid.uuid4().hex[:8]}", shared_emulator.client
    tags = {"Owner": name}
    listed = [{"Key": "Owner", "Value": name}]

    def tagged() -> set[str]:
        pages = client("resourcegroupstaggingapi").get_paginator("get_resources")
        found = pages.paginate(TagFilters=[{"Key": "Owner", "Values": [name]}])
        return {resource["ResourceARN"].split(":")[2] for page in found for resource in page["ResourceTagMappingList"]}

    # Given a resource of each service
    alarm: dict[str, Any] = {"AlarmName": name, "Namespace": "N", "MetricName": "M", "Statistic": "Sum"}
    alarm |= {"Period": 60, "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    client("kinesis").create_stream(StreamName=name, ShardCount=1, Tags=tags)
    client("logs").create_log_group(logGroupName=name, tags=tags)
    client("athena").create_work_group(Name=name, Tags=listed)
    client("cloudwatch").put_metric_alarm(**alarm, Tags=listed)
    api = client("apigateway").create_rest_api(name=name, tags=tags)["id"]
    machine = client("stepfunctions").create_state_machine(
        name=name,
        definition=json.dumps(DEFINITION),
        roleArn="arn:aws:iam::000000000000:role/any",
        tags=[{"key": "Owner", "value": name}],
    )["stateMachineArn"]

    assert tagged() == {"kinesis", "logs", "athena", "cloudwatch", "apigateway", "states"}

    # When they are deleted
    client("kinesis").delete_stream(StreamName=name)
    client("logs").delete_log_group(logGroupName=name)
    client("athena").delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    client("cloudwatch").delete_alarms(AlarmNames=[name])
    client("apigateway").delete_rest_api(restApiId=api)
    client("stepfunctions").delete_state_machine(stateMachineArn=machine)

    # Then none is listed
    assert tagged() == set()
