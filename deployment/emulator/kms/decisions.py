"""Decides whether a principal may use a KMS key, from the key's state, its policy, its grants, and IAM policies.

A key policy must allow the use. Where it only delegates to the account's root user, an IAM policy of the principal must
allow it too (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html). A service principal and a
grant need no IAM policy. MiniStack evaluates the policies; a decision is kept until a key or a policy changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam as iam_service
from ministack.services import kms

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHED_DECISIONS: Final = 10_000
"""More than the decisions that differ in a run, but a bound where the context names every object of a bucket."""


class Problem(Enum):
    """The reasons for which KMS refuses the use of a key."""

    DENIED = auto()
    DISABLED = auto()
    INVALID_STATE = auto()
    NOT_FOUND = auto()


class KeyUseError(Exception):
    """KMS refuses the use of a key; the message is KMS's own."""

    def __init__(self, problem: Problem, message: str, principal_arn: str = "") -> None:
        super().__init__(message)
        self.problem = problem
        self.principal_arn = principal_arn


@dataclass(frozen=True)
class AccessKey:
    """The owner of an access key: the root user, a user, or a session of a role."""

    access_key_id: str


@dataclass(frozen=True)
class Role:
    """A role that a service assumes."""

    arn: str
    session: str = field(default="service", compare=False)


@dataclass(frozen=True)
class Service:
    """An AWS service that acts for itself, as a key policy names it: ``logs.eu-central-1.amazonaws.com``."""

    name: str


Principal = AccessKey | Role | Service

_decisions: dict[tuple[Any, ...], KeyUseError | None] = {}


def forget() -> None:
    """Forget all decisions, after a change of a key or of a policy."""
    _decisions.clear()


def check(action: str, key_id: str, principal: Principal, context: Mapping[str, str]) -> None:
    """Raise `KeyUseError` unless a principal may use a key.

    Parameters
    ----------
    action
        The operation of KMS, such as ``kms:Decrypt``.
    key_id
        ARN, id or alias of the key.
    context
        Condition keys of the request, such as ``kms:ViaService``.
    """
    case = (action, key_id, principal, get_region(), *sorted(context.items()))
    if case not in _decisions:
        if len(_decisions) >= CACHED_DECISIONS:
            forget()
        _decisions[case] = _refusal(action, key_id, principal, context)
    refusal = _decisions[case]
    if refusal is not None:
        raise KeyUseError(refusal.problem, str(refusal), refusal.principal_arn)


def _refusal(action: str, key_id: str, principal: Principal, context: Mapping[str, str]) -> KeyUseError | None:
    key = kms._resolve_key(key_id)
    if key is None:
        return KeyUseError(Problem.NOT_FOUND, f"Key '{key_id}' does not exist")
    arn = str(key["Arn"])
    caller = _resolve(principal)
    evaluated = iam_evaluator.EvalContext(
        principal_arn=caller.arn,
        principal_type=caller.type,
        principal_account=caller.account,
        action=action,
        resource_arn=arn,
        region=get_region(),
        service_context={name.lower(): value for name, value in context.items()},
        principal_keys=caller.keys,
    )
    reason = _denial(evaluated, principal, caller, key, context)
    if reason:
        message = f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn} {reason}"
        return KeyUseError(Problem.DENIED, message, caller.arn)
    if key["KeyState"] == "Disabled":
        return KeyUseError(Problem.DISABLED, f"{arn} is disabled.")
    if key["KeyState"] != "Enabled":
        state = "pending import" if key["KeyState"] == "PendingImport" else "pending deletion"
        return KeyUseError(Problem.INVALID_STATE, f"{arn} is {state}.")
    return None


def _denial(
    evaluated: Any, principal: Principal, caller: Any, key: Mapping[str, Any], context: Mapping[str, str]
) -> str | None:
    """Return the end of AWS's message, which names the policy that decided, or None where the use is allowed."""
    policy = key.get("Policy")
    unallowed = f"policy allows the {evaluated.action} action"
    if isinstance(principal, Service):
        decided = iam_evaluator.evaluate_resource_policy(policy, evaluated, principal.name).decision
        return None if decided == "Allow" else f"because no resource-based {unallowed}"
    identity = iam_evaluator.EvalResult("Allow", caller.arn)
    if caller.policies is not None:
        identity = iam_evaluator.evaluate(evaluated, caller.policies, *caller.limits)
    result = iam_evaluator.combine_resource_policy(
        identity, evaluated, policy, get_account_id(), required=True, limits=caller.limits
    )
    if result.decision == "Allow":
        return None
    if result.decision == "Deny":
        return f"with an explicit deny in {'a resource' if result.resource_policy_arn else 'an identity'}-based policy"
    if _is_granted(evaluated.action, caller.arn, principal, key, context):
        return None
    return f"because no {'resource' if identity.decision == 'Allow' else 'identity'}-based {unallowed}"


def _is_granted(
    action: str, caller_arn: str, principal: Principal, key: Mapping[str, Any], context: Mapping[str, str]
) -> bool:
    """Return whether a grant allows the use (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html)."""
    prefix = "kms:EncryptionContext:"
    encryption_context = {
        name.removeprefix(prefix): value for name, value in context.items() if name.startswith(prefix)
    }
    grantees = {caller_arn, principal.arn if isinstance(principal, Role) else ""}
    if ":assumed-role/" in caller_arn:
        role = caller_arn.split("/")[1]
        grantees.add(str((iam_service._roles.get(role) or {}).get("Arn", "")))
    for grant in kms._grants.values():
        constraints = grant.get("Constraints") or {}
        subset, equal = constraints.get("EncryptionContextSubset"), constraints.get("EncryptionContextEquals")
        if (
            grant["KeyId"] == key["Arn"]
            and grant["GranteePrincipal"] in grantees
            and action.removeprefix("kms:") in grant["Operations"]
            and (subset is None or subset.items() <= encryption_context.items())
            and (equal is None or equal == encryption_context)
        ):
            return True
    return False


def _resolve(principal: Principal) -> Any:
    """Return MiniStack's record of a principal with its policies."""
    account = get_account_id()
    if isinstance(principal, Service):
        return iam_evaluator.PrincipalInfo(principal.name, "Service", account, [])
    if isinstance(principal, AccessKey):
        known = iam_evaluator.resolve_principal(principal.access_key_id, account)
        # MiniStack takes an unsigned request for the root user's; KMS has no anonymous callers.
        if isinstance(known, iam_evaluator.AuthError) or not principal.access_key_id:
            return iam_evaluator.PrincipalInfo("anonymous", "Anonymous", "", [])
        return known
    name = principal.arn.rpartition("/")[2]
    return iam_evaluator.PrincipalInfo(
        f"arn:aws:sts::{account}:assumed-role/{name}/{principal.session}",
        "AssumedRole",
        account,
        iam_evaluator._gather_role_policies(name, account),
        limits=iam_evaluator._permissions_boundary(iam_service._roles, name, account),
    )
