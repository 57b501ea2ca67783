"""Complete descriptions of resources, so that a second Terraform plan is empty.

MiniStack stores an alarm whole but omits most of it from DescribeAlarms in the query protocol, which Terraform's
provider uses, drops the metrics of an expression, and adds a statistic to an alarm on a percentile or an expression. It
drops a state machine's tracing configuration and
the time zone of Firehose's prefixes, and describes a usage plan without a quota with an empty one. Terraform would
change all of them at every apply, without effect.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree

from ministack.services import apigateway_v1, cloudwatch, firehose, stepfunctions

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.settings import Settings

    Response = tuple[int, dict[str, str], bytes | str]

_NAMESPACE: Final = "http://monitoring.amazonaws.com/doc/2010-08-01/"

_SCALARS: Final = ("AlarmDescription", "Statistic", "ExtendedStatistic", "Period", "TreatMissingData", "Unit")
"""Members of MetricAlarm, other than lists, that MiniStack stores but does not return.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html"""

_ACTION_LISTS: Final = ("OKActions", "AlarmActions", "InsufficientDataActions")


def install(settings: Settings) -> None:  # noqa: ARG001 - every override has the same signature
    """Override the descriptions of CloudWatch, Step Functions, Firehose and API Gateway."""
    cloudwatch._describe_alarms = _complete_alarms(cloudwatch._describe_alarms)
    cloudwatch._put_metric_alarm = _store_queries(cloudwatch._put_metric_alarm)
    stepfunctions._create_state_machine = _store_tracing(stepfunctions._create_state_machine)
    stepfunctions._update_state_machine = _store_tracing(stepfunctions._update_state_machine)
    firehose._dest_description = _with_time_zone(firehose._dest_description)
    apigateway_v1._create_usage_plan = _without_empty_quota(apigateway_v1._create_usage_plan)


def _complete_alarms(describe: Callable[..., Response]) -> Callable[..., Response]:
    """Complete the alarms of a response in the query protocol; the other protocols return them whole."""

    @functools.wraps(describe)
    def describe_whole(params: dict[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Response:
        status, headers, body = describe(params, data, is_cbor, is_json)
        if is_cbor or is_json or status != 200:
            return status, headers, body
        ElementTree.register_namespace("", _NAMESPACE)
        response = ElementTree.fromstring(body)  # noqa: S314 - the emulator's own response
        for member in response.findall(f".//{{{_NAMESPACE}}}MetricAlarms/{{{_NAMESPACE}}}member"):
            name = member.findtext(f"{{{_NAMESPACE}}}AlarmName")
            _complete_alarm(member, cloudwatch._alarms[name])
        return status, headers, ElementTree.tostring(response, encoding="utf-8", xml_declaration=True)

    return describe_whole


def _store_queries(put: Callable[..., Response]) -> Callable[..., Response]:
    """Store the metrics of an alarm on an expression with the alarm."""

    @functools.wraps(put)
    def put_with_queries(
        params: dict[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool = False
    ) -> Response:
        response = put(params, data, is_cbor, is_json)
        alarm = cloudwatch._alarms.get(data.get("AlarmName") if is_cbor or is_json else _first(params, "AlarmName"))
        if alarm is not None and response[0] == 200:
            queries = data.get("Metrics") if is_cbor or is_json else _members(params, "Metrics")
            if queries:
                alarm |= {"Metrics": queries, "Statistic": None, "Period": None}
        return response

    return put_with_queries


def _first(params: dict[str, Any], name: str) -> str:
    value = params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _members(params: dict[str, Any], prefix: str) -> Any:
    """Return a value of the query protocol: a list from `.member.1`, a structure from named members, or a text."""
    if prefix in params:
        return _first(params, prefix)
    names = {key[len(prefix) + 1 :].split(".")[0] for key in params if key.startswith(f"{prefix}.")}
    if names == {"member"}:
        count = len({key[len(prefix) + 8 :].split(".")[0] for key in params if key.startswith(f"{prefix}.member.")})
        return [_members(params, f"{prefix}.member.{index}") for index in range(1, count + 1)]
    return {name: _members(params, f"{prefix}.{name}") for name in sorted(names)}


def _complete_alarm(member: ElementTree.Element, alarm: dict[str, Any]) -> None:
    # An alarm on a percentile does not have MiniStack's default statistic.
    omitted = ("Statistic",) if alarm.get("ExtendedStatistic") else ()
    for name in _SCALARS:
        if alarm.get(name) not in (None, "") and name not in omitted:
            _add(member, name, str(alarm[name]))
    _add(member, "ActionsEnabled", "true" if alarm.get("ActionsEnabled", True) else "false")
    dimensions = _add(member, "Dimensions")
    for dimension in alarm.get("Dimensions") or ():
        pair = _add(dimensions, "member")
        _add(pair, "Name", dimension["Name"])
        _add(pair, "Value", dimension["Value"])
    for name in _ACTION_LISTS:
        actions = _add(member, name)
        for action in alarm.get(name) or ():
            _add(actions, "member", action)
    if alarm.get("Metrics"):
        _add_value(_add(member, "Metrics"), alarm["Metrics"])


def _add(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, f"{{{_NAMESPACE}}}{name}")
    child.text = text
    return child


def _add_value(parent: ElementTree.Element, value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _add_value(_add(parent, "member"), each)
    elif isinstance(value, dict):
        for name, each in value.items():
            _add_value(_add(parent, name), each)
    else:
        parent.text = str(value).lower() if isinstance(value, bool) else str(value)


def _store_tracing(write: Callable[[dict[str, Any]], Response]) -> Callable[[dict[str, Any]], Response]:
    """Store the tracing configuration with the state machine, which MiniStack describes from what it stores."""

    @functools.wraps(write)
    def write_with_tracing(data: dict[str, Any]) -> Response:
        status, headers, body = write(data)
        if status == 200 and "tracingConfiguration" in data:
            arn = data.get("stateMachineArn") or json.loads(body)["stateMachineArn"]
            stepfunctions._state_machines[arn]["tracingConfiguration"] = data["tracingConfiguration"]
        return status, headers, body

    return write_with_tracing


def _with_time_zone(describe: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Add the time zone in which the prefixes of an S3 destination are evaluated, UTC by default."""

    @functools.wraps(describe)
    def describe_destination(destination: dict[str, Any]) -> dict[str, Any]:
        described = describe(destination)
        if (s3 := described.get("ExtendedS3DestinationDescription")) is not None:
            s3["CustomTimeZone"] = destination["config"].get("CustomTimeZone", "UTC")
        return described

    return describe_destination


def _without_empty_quota(create: Callable[[dict[str, Any]], Response]) -> Callable[[dict[str, Any]], Response]:
    """Omit the empty quota of a usage plan without one."""

    @functools.wraps(create)
    def create_plan(data: dict[str, Any]) -> Response:
        status, headers, body = create(data)
        plan = json.loads(body)
        if not plan.get("quota"):
            apigateway_v1._usage_plans[plan["id"]].pop("quota", None)
            plan.pop("quota", None)
        return status, headers, json.dumps(plan)

    return create_plan
