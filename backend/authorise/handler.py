"""Lambda entry of the authoriser, which API Gateway asks before it calls the function of a route."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.authorise.policy import KeyIdentity, allow, deny
from backend.authorise.stored_keys import StoredKeys
from backend.contract.access.roles import ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backend.authorise.policy import Identity
    from backend.contract.access.roles import Credential

_metrics = Metrics()


@cache
def _stored_keys() -> StoredKeys:
    # StoredKeys makes the retries: while it knows keys, a request waits for one timeout at most.
    config = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    return StoredKeys(boto3.client("ssm", config=config), os.environ["KEYS_PATH"], time.monotonic, time.sleep)


class AmbiguousKeyError(Exception):
    """A request has several keys."""

    def __init__(self) -> None:
        # API Gateway answers 401 for this text, 503 for every other one, and caches valid policies only:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
        super().__init__("Unauthorized")


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes both
    """Answer a request authoriser's event with a policy; after an error the gateway answers 503 and caches nothing.

    Raises
    ------
    AmbiguousKeyError
        Where a request has several keys. The gateway would cache a policy under one of them, and AWS does not document
        which: a refusal would refuse every sender of that key, a permission would permit another one.
    """
    credential = ROUTES[f"{event['httpMethod']} {event['resource']}"].credential
    presented = _presented(event, credential)
    if len(presented) > 1:
        _metrics.add_metric("ambiguous", MetricUnit.Count, 1)
        raise AmbiguousKeyError
    identity = _identify(presented)
    _metrics.add_metric("unknown" if identity is None else "identified", MetricUnit.Count, 1)
    if identity is None:
        return deny(event["methodArn"])
    return allow(identity, credential, event["methodArn"], os.environ["USAGE_PREFIX"])


def _identify(presented: list[str]) -> Identity | None:
    key = _stored_keys().find(presented[0], datetime.now(UTC)) if presented else None
    return None if key is None else KeyIdentity(key.name, key.roles, key.producer, key.origins)


def _presented(event: Mapping[str, Any], credential: Credential) -> list[str]:
    if credential == "query":
        return list((event.get("multiValueQueryStringParameters") or {}).get("key", []))
    headers = event.get("multiValueHeaders") or {}
    return [value for name, values in headers.items() if name.lower() == "x-api-key" for value in values]
