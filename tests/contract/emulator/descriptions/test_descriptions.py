"""Descriptions of CloudWatch, Step Functions, Firehose and API Gateway are complete."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
import uuid
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

NAMESPACE = {"cw": "http://monitoring.amazonaws.com/doc/2010-08-01/"}
TOPIC = "arn:aws:sns:eu-central-1:000000000000:alarms"
DEFINITION = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


def describe_alarm_by_query_protocol(emulator: Emulator, name: str) -> ElementTree.Element:
    body = urllib.parse.urlencode(
        {"Action": "DescribeAlarms", "Version": "2010-08-01", "AlarmNames.member.1": name}
    ).encode()
    credential = "Credential=test/20260101/eu-central-1/monitoring/aws4_request"
    request = urllib.request.Request(
        emulator.endpoint,
        body,
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
        },
    )
    with urllib.request.urlopen(request) as answer:
        member = ElementTree.fromstring(answer.read()).find(".//cw:MetricAlarms/cw:member", NAMESPACE)
    assert member is not None
    return member


def test_an_alarm_is_described_whole_in_the_query_protocol(shared_emulator: Emulator) -> None:
    # Given an alarm on 99 of 100 requests
    name = f"alarm-{uuid.uuid4().hex[:8]}"
    shared_emulator.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription="Slower than <a second>",
        Namespace="AWS/ApiGateway",
        MetricName="Latency",
        Dimensions=[{"Name": "ApiName", "Value": "shop"}],
        ExtendedStatistic="p99",
        Period=300,
        EvaluationPeriods=3,
        Threshold=1000,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[TOPIC],
        OKActions=[TOPIC],
    )

    # When it is described in the protocol of Terraform's provider
    alarm = describe_alarm_by_query_protocol(shared_emulator, name)

    # Then nothing of it is missing
    assert alarm.findtext("cw:AlarmDescription", namespaces=NAMESPACE) == "Slower than <a second>"
    assert alarm.findtext("cw:ExtendedStatistic", namespaces=NAMESPACE) == "p99"
    assert alarm.findtext("cw:Statistic", namespaces=NAMESPACE) is None
    assert alarm.findtext("cw:Period", namespaces=NAMESPACE) == "300"
    assert alarm.findtext("cw:TreatMissingData", namespaces=NAMESPACE) == "notBreaching"
    assert alarm.findtext("cw:ActionsEnabled", namespaces=NAMESPACE) == "true"
    assert alarm.findtext("cw:Dimensions/cw:member/cw:Value", namespaces=NAMESPACE) == "shop"
    assert alarm.findtext("cw:AlarmActions/cw:member", namespaces=NAMESPACE) == TOPIC
    assert alarm.findtext("cw:OKActions/cw:member", namespaces=NAMESPACE) == TOPIC


def test_an_alarm_on_an_expression_keeps_its_metrics(shared_emulator: Emulator) -> None:
    # Given an alarm on a share
    name = f"alarm-{uuid.uuid4().hex[:8]}"
    metric = {
        "Namespace": "Rivulet",
        "MetricName": "failed_calls",
        "Dimensions": [{"Name": "service", "Value": "forward"}],
    }
    shared_emulator.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=3,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "result", "Expression": "100 * failed", "ReturnData": True},
            {"Id": "failed", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": False},
        ],
    )

    # When it is described in the protocol of Terraform's provider
    alarm = describe_alarm_by_query_protocol(shared_emulator, name)

    # Then it has its metrics, and no statistic of its own
    first, second = alarm.findall("cw:Metrics/cw:member", NAMESPACE)
    assert first.findtext("cw:Expression", namespaces=NAMESPACE) == "100 * failed"
    assert first.findtext("cw:ReturnData", namespaces=NAMESPACE) == "true"
    assert (
        second.findtext("cw:MetricStat/cw:Metric/cw:Dimensions/cw:member/cw:Value", namespaces=NAMESPACE) == "forward"
    )
    assert second.findtext("cw:MetricStat/cw:Period", namespaces=NAMESPACE) == "300"
    assert alarm.findtext("cw:Statistic", namespaces=NAMESPACE) is None
    assert alarm.findtext("cw:Period", namespaces=NAMESPACE) is None


def test_a_state_machine_keeps_its_tracing_configuration(shared_emulator: Emulator) -> None:
    # Given a state machine that is traced
    states = shared_emulator.client("stepfunctions")
    arn = states.create_state_machine(
        name=f"machine-{uuid.uuid4().hex[:8]}",
        definition=json.dumps(DEFINITION),
        roleArn="arn:aws:iam::000000000000:role/machine",
        tracingConfiguration={"enabled": True},
    )["stateMachineArn"]
    assert states.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {"enabled": True}

    # When tracing is turned off
    states.update_state_machine(stateMachineArn=arn, tracingConfiguration={"enabled": False})

    # Then that is described
    assert states.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {"enabled": False}


def test_a_usage_plan_without_a_quota_is_described_without_one(shared_emulator: Emulator) -> None:
    gateway = shared_emulator.client("apigateway")

    plan = gateway.create_usage_plan(name="shop", throttle={"rateLimit": 5, "burstLimit": 3})

    assert "quota" not in plan
    assert "quota" not in gateway.get_usage_plan(usagePlanId=plan["id"])


@pytest.mark.parametrize(("settings", "zone"), [({}, "UTC"), ({"CustomTimeZone": "Europe/Berlin"}, "Europe/Berlin")])
def test_a_delivery_stream_has_the_time_zone_of_its_prefixes(
    shared_emulator: Emulator, settings: dict[str, str], zone: str
) -> None:
    firehose = shared_emulator.client("firehose")
    name = f"lake-{uuid.uuid4().hex[:8]}"
    destination = {"RoleARN": "arn:aws:iam::000000000000:role/lake", "BucketARN": "arn:aws:s3:::lake"} | settings
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)

    described = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]

    assert described["Destinations"][0]["ExtendedS3DestinationDescription"]["CustomTimeZone"] == zone
