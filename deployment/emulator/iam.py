"""IAM on the laptop: requests on loopback satisfy the policies' TLS conditions, and a path of parameters is a resource.

With ``--enforce-iam`` MiniStack checks signatures and policies, so that a permission that a role lacks fails on the
laptop first. Requests reach it over plain HTTP, so every policy that requires TLS, as those of all our buckets do,
would deny them. Traffic on loopback does not leave the machine, so a request is evaluated as if it used TLS 1.3
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html, aws:SecureTransport).

GetParametersByPath is allowed on the path, ``parameter/<path>``; MiniStack requires it on every resource
(https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html).
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions, iam_evaluator

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.settings import Settings

_ON_LOOPBACK = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}


def install(settings: Settings) -> None:  # noqa: ARG001 - every override has the same signature
    """Resolve the policies' transport conditions as AWS's endpoints do."""
    iam_evaluator._resolve_condition_key = _transport_is_secure(iam_evaluator._resolve_condition_key)
    iam_actions.extract_resource_arn = _with_paths(iam_actions.extract_resource_arn)


def _transport_is_secure(resolve: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    @functools.wraps(resolve)
    def resolve_on_loopback(key: str, context: Any) -> Any:
        return _ON_LOOPBACK.get(key.lower()) or resolve(key, context)

    return resolve_on_loopback


def _with_paths(extract: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(extract)
    def extract_path(service: str, *request: Any, **more: Any) -> str:
        arn = extract(service, *request, **more)
        if service != "ssm" or arn != "*":
            return arn
        *_, body, _, region, account = request
        try:
            path = json.loads(body)["Path"]
        except (ValueError, KeyError, TypeError):
            return arn
        return f"arn:aws:ssm:{region}:{account}:parameter/{path.strip('/')}"

    return extract_path
