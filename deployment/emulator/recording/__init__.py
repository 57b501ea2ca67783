"""Records the calls that the emulator receives as IAM evaluates them, with ``--record FILE``.

A recorded call is one line of JSON: the caller, the action, the resource, and the condition keys that policies of this
project use. It holds no payload and no secret, and a repeated call is recorded once. A role is the caller of its own
calls; for the root user the caller is the application in the User-Agent header (``app/rivulet-<name>``), since the
processes of the laptop's cloud make the calls that on AWS a role makes.
"""

from __future__ import annotations

import functools
import json
import re
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions, iam_evaluator

from deployment.emulator.recording.requests import Received, checks, received, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deployment.emulator.settings import Settings

CLIENT = "client"
"""The caller of a request by the root user that names no application."""

_CONDITION_KEYS = (
    "aws:requesttag/",
    "aws:resourcetag/",
    "cloudwatch:namespace",
    "iam:",
    "kms:",
    "lambda:functionarn",
)
_APPLICATION = re.compile(r"\bapp/rivulet-([a-z]+)")
_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+")
# Services to which a request passes the role that its body names.
_PASSED_TO = frozenset({"firehose", "glue", "lambda", "sagemaker", "scheduler", "states"})

_request: ContextVar[tuple[Received, str]] = ContextVar("recorded_request")
"""The request in progress, and its body."""


def install(settings: Settings) -> None:
    """Record every checked call, if the settings name a file."""
    if settings.recording is None:
        return
    recorder = Recorder(settings.recording)
    iam_actions.extract_iam_action = _remember_request(iam_actions.extract_iam_action)
    iam_evaluator.enforce = _record_root(recorder, iam_evaluator.enforce)
    iam_evaluator.evaluate = _record_role(recorder, iam_evaluator.evaluate)


class Recorder:
    """Appends calls to a file, each once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._written: set[str] = set()

    def add(self, caller: str, action: str, resource: str, context: Mapping[str, Any]) -> None:
        """Append a call, unless it is recorded already."""
        kept = {
            key: value
            for key, value in context.items()
            if value is not None and key.lower().startswith(_CONDITION_KEYS)
        }
        line = json.dumps({"caller": caller, "action": action, "resource": resource, "context": kept}, sort_keys=True)
        with self._lock:
            if line in self._written:
                return
            self._written.add(line)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")


def _remember_request(extract: Any) -> Any:
    @functools.wraps(extract)
    def remember(service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        _request.set((received(method, path, headers, body, query_params), body.decode("utf-8", "replace")))
        return extract(service, method, path, headers, body, query_params)

    return remember


def _record_root(recorder: Recorder, enforce: Any) -> Any:
    @functools.wraps(enforce)
    def record(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        if iam_evaluator._is_root_key(access_key_id) and not iam_action.startswith("execute-api:"):
            request, body = _request.get()
            application = _APPLICATION.search(request.headers.get("user-agent", ""))
            caller = application.group(1) if application else CLIENT
            for check in checks(iam_action, resource_arn, service_context or {}, request):
                recorder.add(caller, check.action, check.resource, check.context)
            for role, passed_to in _passed_roles(iam_action, body):
                recorder.add(caller, "iam:PassRole", role, {"iam:passedtoservice": passed_to})
        return enforce(access_key_id, iam_action, service, region, resource_arn, service_context)

    return record


def _record_role(recorder: Recorder, evaluate: Any) -> Any:
    @functools.wraps(evaluate)
    def record(context: Any, *policies: Any) -> Any:
        role = re.search(r":assumed-role/([^/]+)", context.principal_arn)
        if role is not None:
            keys = {**context.service_context, **tags_of(context.resource_arn)}
            recorder.add(role.group(1), context.action, context.resource_arn, keys)
        return evaluate(context, *policies)

    return record


def _passed_roles(action: str, body: str) -> Iterator[tuple[str, str]]:
    service, _, name = action.partition(":")
    if service in _PASSED_TO and name.startswith(("Create", "Update")):
        for role in sorted(set(_ROLE.findall(body))):
            yield role, f"{service}.amazonaws.com"
