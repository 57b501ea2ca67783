"""``POST /train``: start a training, unless one is running."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

from backend.http import BadRequestError, answer
from backend.train.executions import TRAINERS, TrainDependencies, step_functions_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from backend.http import Answer, Request

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""The name of an execution; the import jobs named after it have at most 63 characters.
https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html"""


def post_train(request: Request, dependencies: TrainDependencies, now: datetime) -> Answer:
    """Start a training.

    Step Functions lists an execution with a short delay, so of two simultaneous requests, or a request and a schedule,
    both may start one; the state machine's lock lets one of them train and aborts the other.

    Parameters
    ----------
    request
        The request; its body is empty or ``{"client_token": ..., "trainer": ...}``, both fields optional.
    now
        The training's name where the request has no token.

    Returns
    -------
    Answer
        202 with the training's id and the path of its progress; 409 with the id of the training that is running, or
        that has the same token and another trainer.

    Raises
    ------
    BadRequestError
        Where the body does not have the documented form.
    ThrottledError, UnavailableError
        Where Step Functions fails.
    """
    fields = _read_body(request.body)
    trainer = _read_trainer(fields, dependencies.trainers)
    name = _read_token(fields) or f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    with step_functions_errors():
        running = _list_running(dependencies)
        if running and name not in running:
            rule = "must wait for the training that is running"
            return _conflict("train", rule, running[0], request.request_id)
        actual_trainer = _start(dependencies, name, trainer)
    if actual_trainer != trainer:
        rule = f"must be another for the trainer {trainer}, since it names a training by {actual_trainer}"
        return _conflict("client_token", rule, name, request.request_id)
    return answer(202, {"id": name, "status_url": f"/train/{name}"})


def _list_running(dependencies: TrainDependencies) -> list[str]:
    """Return the names of the running executions, the first one first: a later one is about to be aborted."""
    pages = dependencies.states.get_paginator("list_executions").paginate(
        stateMachineArn=dependencies.state_machine_arn, statusFilter="RUNNING"
    )
    running = [execution for page in pages for execution in page["executions"]]
    return [execution["name"] for execution in sorted(running, key=lambda each: (each["startDate"], each["name"]))]


def _start(dependencies: TrainDependencies, name: str, trainer: str) -> str:
    """Start a training and return its trainer, or the trainer of the existing training of that name.

    The name exists where the training of the token has ended (requested twice, started once) or has another trainer.
    """
    states = dependencies.states
    try:
        states.start_execution(
            stateMachineArn=dependencies.state_machine_arn, name=name, input=json.dumps({"trainer": trainer})
        )
    except states.exceptions.ExecutionAlreadyExists:
        existing = states.describe_execution(executionArn=dependencies.arn_of(name))
        started_with: dict[str, str] = json.loads(existing.get("input") or "{}")
        return started_with.get("trainer", TRAINERS[0])
    return trainer


def _conflict(field: str, rule: str, training: str, request_id: str) -> Answer:
    error = {"code": "conflict", "message": f"{field}: {rule}, {training}", "field": field, "rule": rule}
    body = {"error": error, "request_id": request_id, "id": training, "status_url": f"/train/{training}"}
    return answer(409, body)


def _read_body(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        fields: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequestError("body", "must be empty, or a JSON object with client_token and trainer") from None
    if not isinstance(fields, dict):
        raise BadRequestError("body", "must be empty, or a JSON object with client_token and trainer")
    for name in fields:
        if name not in ("client_token", "trainer"):
            raise BadRequestError(name, "is not known; the body may have client_token and trainer")
    return fields


def _read_trainer(fields: dict[str, Any], set_up: Sequence[str]) -> str:
    trainer = fields.get("trainer", TRAINERS[0])
    if trainer not in TRAINERS:
        raise BadRequestError("trainer", f"must be one of {', '.join(TRAINERS)}; without one it is {TRAINERS[0]}")
    if trainer not in set_up:
        raise BadRequestError("trainer", f"{trainer} is not set up here: give Terraform the variable {trainer}")
    return str(trainer)


def _read_token(fields: dict[str, Any]) -> str | None:
    if "client_token" not in fields:
        return None
    token = fields["client_token"]
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise BadRequestError(
            "client_token", "must be 1 to 40 letters, digits, hyphens or underscores, the first a letter or digit"
        )
    return token
