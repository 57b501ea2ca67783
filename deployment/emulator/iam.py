"""IAM on the laptop: requests on loopback satisfy the policies' TLS conditions.

With ``--enforce-iam`` MiniStack checks signatures and policies, so that a permission that a role lacks fails on the
laptop first. Requests reach it over plain HTTP, so every policy that requires TLS, as those of all our buckets do,
would deny them. Traffic on loopback does not leave the machine, so a request is evaluated as if it used TLS 1.3
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html, aws:SecureTransport).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.settings import Settings

_ON_LOOPBACK = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}


def install(settings: Settings) -> None:  # noqa: ARG001 - every override has the same signature
    """Resolve the policies' transport conditions as AWS's endpoints do."""
    iam_evaluator._resolve_condition_key = _transport_is_secure(iam_evaluator._resolve_condition_key)


def _transport_is_secure(resolve: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    @functools.wraps(resolve)
    def resolve_on_loopback(key: str, context: Any) -> Any:
        return _ON_LOOPBACK.get(key.lower()) or resolve(key, context)

    return resolve_on_loopback
