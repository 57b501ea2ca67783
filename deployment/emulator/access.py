"""IAM enforced on the laptop as on AWS, so that a right that a role lacks is missed here first.

MiniStack checks signatures and policies when it is told to (``--enforce-iam``): a function has the rights of its role
and no others. Its requests come over plain HTTP, though, so every policy that asks for TLS, as those of all our buckets
do, would refuse them. Nothing leaves the machine on loopback, which is what TLS is there for; so a request counts here
as one that came by TLS 1.3
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


def install(settings: Settings) -> None:  # noqa: ARG001 - every seam has the same shape
    """Answer what policies ask about the transport as AWS's endpoints would."""
    iam_evaluator._resolve_condition_key = _transport_is_secure(iam_evaluator._resolve_condition_key)


def _transport_is_secure(resolve: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    @functools.wraps(resolve)
    def resolve_on_loopback(key: str, context: Any) -> Any:
        return _ON_LOOPBACK.get(key.lower()) or resolve(key, context)

    return resolve_on_loopback
