"""``POST /train``: start a training, unless one is running."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

from backend.http import BadRequest, answer
from backend.train.executions import TRAINERS, Services, explained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from backend.http import Answer, Request

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""An execution's name; the import jobs that are named after it have at most 63 characters.
https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html"""


def post_train(request: Request, services: Services, now: datetime) -> Answer:
    """Start a training.

    Two requests at the same moment may both start one, since Step Functions lists an execution a moment after it has
    begun; the state machine is safe to run twice. A client token makes even that impossible.

    Parameters
    ----------
    request
        The request; its body is empty or ``{"client_token": ..., "trainer": ...}``, each of which may be left out.
    services
        What it is started with.
    now
        What the training is named after where the request names it not.

    Returns
    -------
    Answer
        202 with the training's id and the path under which it can be asked about; 409 with the id of the one that is
        running, or that the token names and that has another trainer.

    Raises
    ------
    BadRequest
        Where the body is of another form.
    Throttled, Unavailable
        Where Step Functions does not start it.
    """
    fields = _read_body(request.body)
    trainer = _read_trainer(fields, services.trainers)
    name = _read_token(fields) or f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    with explained():
        running = services.states.list_executions(
            stateMachineArn=services.state_machine_arn, statusFilter="RUNNING", maxResults=1
        )["executions"]
        if running and running[0]["name"] != name:
            rule = "must wait for the training that is running"
            return _conflict("train", rule, running[0]["name"], request.request_id)
        before = _start(services, name, trainer)
    if before != trainer:
        rule = f"must be another for the trainer {trainer}, since it names a training by {before}"
        return _conflict("client_token", rule, name, request.request_id)
    return answer(202, {"id": name, "status_url": f"/train/{name}"})


def _start(services: Services, name: str, trainer: str) -> str:
    """Start a training and return its trainer: that of the training before where the name is taken.

    It is taken where the token's training has ended (asked for twice, started once), or has another trainer.
    """
    states = services.states
    try:
        states.start_execution(
            stateMachineArn=services.state_machine_arn, name=name, input=json.dumps({"trainer": trainer})
        )
    except states.exceptions.ExecutionAlreadyExists:
        before = states.describe_execution(executionArn=services.arn_of(name))
        started_with: dict[str, str] = json.loads(before.get("input") or "{}")
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
        raise BadRequest("body", "must be empty, or a JSON object with client_token and trainer") from None
    if not isinstance(fields, dict):
        raise BadRequest("body", "must be empty, or a JSON object with client_token and trainer")
    for name in fields:
        if name not in ("client_token", "trainer"):
            raise BadRequest(name[:64], "is not known; the body may have client_token and trainer")
    return fields


def _read_trainer(fields: dict[str, Any], set_up: Sequence[str]) -> str:
    trainer = fields.get("trainer")
    if trainer is None:
        return TRAINERS[0]
    if trainer not in TRAINERS:
        raise BadRequest("trainer", f"must be one of {', '.join(TRAINERS)}; without one it is {TRAINERS[0]}")
    if trainer not in set_up:
        raise BadRequest("trainer", f"{trainer} is not set up here: give Terraform the variable {trainer}")
    return str(trainer)


def _read_token(fields: dict[str, Any]) -> str | None:
    token = fields.get("client_token")
    if token is None:
        return None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise BadRequest("client_token", "must be 1 to 40 letters, digits, hyphens or underscores, the first no sign")
    return token
