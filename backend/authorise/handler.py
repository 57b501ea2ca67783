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
    config = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
    return StoredKeys(boto3.client("ssm", config=config), os.environ["KEYS_PATH"], time.monotonic)


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes both
    """Answer a request authoriser's event with a policy; after an error the gateway answers 503 and caches nothing."""
    credential = ROUTES[f"{event['httpMethod']} {event['resource']}"].credential
    identity = _identify(event, credential)
    _metrics.add_metric("unknown" if identity is None else "identified", MetricUnit.Count, 1)
    if identity is None:
        return deny(event["methodArn"])
    return allow(identity, credential, event["methodArn"], os.environ["USAGE_PREFIX"])


def _identify(event: Mapping[str, Any], credential: Credential) -> Identity | None:
    presented = _presented(event, credential)
    # The gateway caches the answer by one key, so a request with two has none.
    key = _stored_keys().find(presented[0], datetime.now(UTC)) if len(presented) == 1 else None
    return None if key is None else KeyIdentity(key.name, key.roles, key.producer, key.origins)


def _presented(event: Mapping[str, Any], credential: Credential) -> list[str]:
    if credential == "query":
        return list((event.get("multiValueQueryStringParameters") or {}).get("key", []))
    headers = event.get("multiValueHeaders") or {}
    return [value for name, values in headers.items() if name.lower() == "x-api-key" for value in values]
