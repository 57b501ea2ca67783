"""The answer of the authoriser: a policy of all routes that an identity may call, and who it is.

Its context has also why a route that the policy does not permit is denied: the gateway's response for a denied request,
which is the same for all routes, repeats it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.contract.access.keys import DISTRIBUTION
from backend.contract.access.roles import ROLES, UNKNOWN_KEY, Producer, Role, explain_denial, routes_of

if TYPE_CHECKING:
    from backend.contract.access.roles import Credential

_PARAMETER = re.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True)
class KeyIdentity:
    """A caller who is identified by a key."""

    name: str
    roles: tuple[Role, ...]
    producer: Producer
    origins: tuple[str, ...]


Identity = KeyIdentity
"""Who sent a request. A key is one kind of identity."""


def allow(identity: Identity, credential: Credential, method_arn: str, usage_prefix: str) -> dict[str, Any]:
    """Return the routes that an identity may call, whichever it calls now: the gateway caches the answer for all.

    Parameters
    ----------
    method_arn
        ARN of the called method.
    usage_prefix
        Before the identity's first role, the value of the gateway's own key whose usage plan limits the requests. The
        distribution has a plan of its own, so that its visitors take no other caller's share.
    """
    stage = _stage_of(method_arn)
    routes = routes_of(identity.roles, identity.producer, credential)
    paths = [_PARAMETER.sub("*", route.replace(" ", "")) for route in routes]
    # The gateway calls a route also where its path ends in a slash.
    resources = [f"{stage}/{path}{slash}" for path in paths for slash in ("", "/")]
    role = next(role for role in ROLES if role in identity.roles)
    plan = DISTRIBUTION if identity.name == DISTRIBUTION else role.replace(":", "-")
    context = {
        "name": identity.name,
        "producer": identity.producer,
        "origins": " ".join(identity.origins),
        "roles": " ".join(identity.roles),
        "denial": explain_denial(identity.roles, identity.producer, credential),
    }
    if reads := _reads(identity):
        context["reads"] = reads
    return {
        "principalId": identity.name,
        "policyDocument": _policy("Allow", resources) if resources else _policy("Deny", [f"{stage}/*"]),
        "context": context,
        "usageIdentifierKey": usage_prefix + plan,
    }


def deny(method_arn: str) -> dict[str, Any]:
    """Return the answer for a request of an unknown sender."""
    return {
        "principalId": "unknown",
        "policyDocument": _policy("Deny", [f"{_stage_of(method_arn)}/*"]),
        "context": {"denial": UNKNOWN_KEY},
    }


def _reads(identity: Identity) -> str | None:
    if "read" in identity.roles:
        return "all"
    return "visitors" if "read:visitor" in identity.roles else None


def _stage_of(method_arn: str) -> str:
    """Return the ARN of the stage, arn:aws:execute-api:<region>:<account>:<api>/<stage>, that has a method."""
    return "/".join(method_arn.split("/", 2)[:2])


def _policy(effect: str, resources: list[str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
    return {"Version": "2012-10-17", "Statement": [statement]}
