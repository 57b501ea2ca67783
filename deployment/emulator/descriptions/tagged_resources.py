"""GetResources lists every service's resources with tags, so that a removal finds all that is left.

MiniStack's Resource Groups Tagging API leaves out Kinesis, Firehose, Step Functions, Athena, CloudWatch's alarms and
log groups, and API Gateway, which AWS lists:
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import get_region
from ministack.services import (
    apigateway_v1,
    athena,
    cloudwatch,
    cloudwatch_logs,
    firehose,
    kinesis,
    stepfunctions,
    tagging,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployment.emulator.settings import Settings

    Tagged = Iterator[tuple[str, list[dict[str, str]]]]

_REGION = 3  # of the parts of an ARN


def install(settings: Settings) -> None:  # noqa: ARG001 - every override has the same signature
    """Add the services whose resources GetResources leaves out."""
    tagging._COLLECTORS |= {
        "kinesis": _streams,
        "firehose": _delivery_streams,
        "states": _state_machines,
        "logs": _log_groups,
        "athena": lambda: _by_arn(athena._tags),
        "cloudwatch": lambda: _by_arn(cloudwatch._resource_tags),
        "apigateway": lambda: _by_arn(apigateway_v1._v1_tags),
    }


def _streams() -> Tagged:
    for stream in kinesis._streams.values():
        if stream["StreamStatus"] != "DELETING":
            yield stream["StreamARN"], _listed(stream["tags"])


def _delivery_streams() -> Tagged:
    for stream in firehose._streams.values():
        yield stream["arn"], _listed(stream["tags"])


def _state_machines() -> Tagged:
    for arn, tags in stepfunctions._tags.items():
        yield arn, [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]


def _log_groups() -> Tagged:
    for group in cloudwatch_logs._log_groups.values():
        yield group["arn"].removesuffix(":*"), _listed(group["tags"])


def _by_arn(tags: Mapping[str, Mapping[str, str]]) -> Tagged:
    for arn, named in tags.items():
        if arn.split(":")[_REGION] == get_region():
            yield arn, _listed(named)


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
