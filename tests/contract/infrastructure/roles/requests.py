"""What the deploying roles of bootstrap's plan may do, and the names that the tests of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.bootstrap import deploying_policies
from tests.fakes.iam import is_allowed

if TYPE_CHECKING:
    from tests.contract.infrastructure.provider_calls import Call, Context

OTHER = {"dev": "production", "production": "dev"}

ROLES = ("plan", "apply")

STATE = f"arn:aws:s3:::rivulet-{ACCOUNT_ID}-terraform"

STATE_ALIAS = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/rivulet-terraform"

EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def may(plan: dict[str, Any], role: str, action: str, resource: str, context: Context | None = None) -> bool:
    """Return whether a role, such as ``apply-dev``, may call an action on a resource."""
    purpose, environment = role.split("-")
    return is_allowed(action, resource, deploying_policies(plan, purpose, environment), context=context)


def refused(plan: dict[str, Any], role: str, requests: list[Call]) -> list[str]:
    """Return the requests that a role may not make."""
    return [
        f"{request.action} on {request.resource}"
        for request in requests
        if not may(plan, role, request.action, request.resource, request.context)
    ]
