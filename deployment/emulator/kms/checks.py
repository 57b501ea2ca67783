"""Applies the table to requests, after IAM allowed them and before the service handles them."""

from __future__ import annotations

import contextvars
import functools
import logging
from typing import TYPE_CHECKING, Any, Final

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch

from deployment.emulator.kms import decisions, errors
from deployment.emulator.kms.decisions import AccessKey, KeyUseError, Principal, Role, Service
from deployment.emulator.kms.resources import Call
from deployment.emulator.kms.rules import BY_ACTION, RULES, Actor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Response = tuple[int, dict[str, str], Any]
    Handler = Callable[..., Awaitable[Response]]

log = logging.getLogger("kms")

_CHANGES_PERMISSIONS: Final = ("iam", "kms", "sts")

# The checks of IAM that this request passed: caller, action and resource.
_allowed: contextvars.ContextVar[tuple[tuple[AccessKey, str, str], ...]] = contextvars.ContextVar("allowed", default=())
# For whom a service works on after its response: the caller of a query, the role of a job.
_acting: contextvars.ContextVar[Principal | None] = contextvars.ContextVar("acting", default=None)


def install() -> None:
    """Check every request to a service that the table names."""
    iam_evaluator.enforce = _recording(iam_evaluator.enforce)
    for service in {rule.actions[0].partition(":")[0] for rule in RULES} & app.SERVICE_HANDLERS.keys():
        app.SERVICE_HANDLERS[service] = _checked(service, app.SERVICE_HANDLERS[service])
    for service in _CHANGES_PERMISSIONS:
        app.SERVICE_HANDLERS[service] = _forgetting(app.SERVICE_HANDLERS[service])
    cloudwatch._is_sns_action_arn = _usable_topic(cloudwatch._is_sns_action_arn)


def check(call: Call, caller: Principal | None) -> None:
    """Raise `KeyUseError` if a call needs the use of a key that its principal lacks.

    Parameters
    ----------
    caller
        None for a call within the emulator, of which only roles and services are checked.
    """
    for rule in BY_ACTION.get(call.action, ()):
        if rule.principal is Actor.CALLER and caller is None:
            continue
        for encrypted in rule.find(call):
            principal = _principal(rule.principal, caller, encrypted.role)
            context = {f"kms:EncryptionContext:{name}": value for name, value in encrypted.context.items()}
            context["kms:CallerAccount"] = get_account_id()
            if isinstance(principal, Service):
                context["aws:SourceAccount"] = get_account_id()
                context["aws:SourceArn"] = call.arn
            if rule.via:
                context["kms:ViaService"] = f"{rule.via}.{get_region()}.amazonaws.com"
            for use in rule.uses:
                more = {"kms:GrantIsForAWSResource": "true"} if use == "kms:CreateGrant" else {}
                decisions.check(use, encrypted.key, principal, context | more)


def act_as(principal: Principal | None) -> contextvars.Token[Principal | None]:
    """Act for a principal in the rest of this context: `check_object` asks for its permissions."""
    return _acting.set(principal)


def check_object(action: str, bucket: str, key: str) -> None:
    """Raise `KeyUseError` if the principal that a service acts for may not use the key of an object."""
    if app.AUTH and (principal := _acting.get()) is not None:
        check(Call(action, f"arn:aws:s3:::{bucket}/{key}"), principal)


def _principal(actor: Actor | str, caller: Principal | None, role: str) -> Principal:
    if isinstance(actor, str):
        return Service(actor.format(region=get_region()))
    if actor is Actor.ROLE:
        return Role(role)
    assert caller is not None  # noqa: S101 - rules about the caller are skipped without one
    return caller


def _recording(enforce: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(enforce)
    def enforce_and_record(
        access_key_id: str, iam_action: str, service: str, region: str, resource_arn: str = "*", **more: Any
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn=resource_arn, **more)
        if denied is None:
            _allowed.set((*_allowed.get(), (AccessKey(access_key_id), iam_action, resource_arn)))
        return denied

    return enforce_and_record


def _checked(service: str, handle: Handler) -> Handler:
    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        # A check that the context inherited from another service's request does not concern this one.
        calls: tuple[tuple[AccessKey | None, str, str], ...] = tuple(
            allowed for allowed in _allowed.get() if allowed[1].startswith(f"{service}:")
        )
        _allowed.set(())
        if not calls:
            # From within the emulator, where no signature names a caller.
            target = headers.get("x-amz-target", "").rpartition(".")[2]
            calls = ((None, f"{service}:{target}", "*"),)
        elif service == "athena":
            act_as(calls[0][0])
        for caller, action, arn in calls:
            if action not in BY_ACTION:
                continue
            call = Call(action, arn, body if isinstance(body, bytes) else body.encode(), headers, query)
            try:
                check(call, caller)
            except KeyUseError as error:
                return errors.response(service, error, call)
        return await handle(method, path, headers, body, query)

    return handle_request


def _forgetting(handle: Handler) -> Handler:
    @functools.wraps(handle)
    async def handle_request(*request: Any, **more: Any) -> Response:
        try:
            return await handle(*request, **more)
        finally:
            decisions.forget()

    return handle_request


def _usable_topic(is_topic: Callable[[str], bool]) -> Callable[[str], bool]:
    """Skip a topic whose key CloudWatch may not use, as the history of an alarm on AWS states it."""

    def is_usable_topic(arn: str) -> bool:
        if not is_topic(arn):
            return False
        try:
            check(Call("cloudwatch:SetAlarmState", arn), None)
        except KeyUseError as error:
            log.warning(
                "CloudWatch Alarms does not have authorization to access the SNS topic encryption key: %s", error
            )
            return False
        return True

    return is_usable_topic
