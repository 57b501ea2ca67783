"""``POST /train``: start a training, unless one is running."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from backend.http import BadRequest, answer
from backend.train.executions import Services, explained

if TYPE_CHECKING:
    from datetime import datetime

    from backend.http import Answer, Request

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""An execution's name; the import jobs that are named after it have at most 63 characters.
https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html"""

INPUT = "{}"
"""The same for every training, so that starting one name twice is starting it once."""


def post_train(request: Request, services: Services, now: datetime) -> Answer:
    """Start a training.

    Two requests at the same moment may both start one, since Step Functions lists an execution a moment after it has
    begun; the state machine is safe to run twice. A client token makes even that impossible.

    Parameters
    ----------
    request
        The request; its body is empty or ``{"client_token": ...}``.
    services
        What it is started with.
    now
        What the training is named after where the request names it not.

    Returns
    -------
    Answer
        202 with the training's id and the path under which it can be asked about; 409 with the id of the one that is
        running.

    Raises
    ------
    BadRequest
        Where the body is of another form.
    Throttled, Unavailable
        Where Step Functions does not start it.
    """
    token = _read_token(request.body)
    name = token or f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    with explained():
        running = services.states.list_executions(
            stateMachineArn=services.state_machine_arn, statusFilter="RUNNING", maxResults=1
        )["executions"]
        if running and running[0]["name"] != name:
            return _conflict(running[0]["name"], request.request_id)
        # It exists where the token's training ran and has ended: asked for twice, started once.
        with suppress(services.states.exceptions.ExecutionAlreadyExists):
            services.states.start_execution(stateMachineArn=services.state_machine_arn, name=name, input=INPUT)
    return answer(202, {"id": name, "status_url": f"/train/{name}"})


def _conflict(running: str, request_id: str) -> Answer:
    rule = "must wait for the training that is running"
    error = {"code": "conflict", "message": f"train: {rule}, {running}", "field": "train", "rule": rule}
    body = {"error": error, "request_id": request_id, "id": running, "status_url": f"/train/{running}"}
    return answer(409, body)


def _read_token(body: bytes) -> str | None:
    if not body.strip():
        return None
    try:
        fields: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("body", "must be empty, or a JSON object with client_token") from None
    if not isinstance(fields, dict):
        raise BadRequest("body", "must be empty, or a JSON object with client_token")
    for name in fields:
        if name != "client_token":
            raise BadRequest(name[:64], "is not known; the body may have client_token")
    token = fields.get("client_token")
    if token is None:
        return None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise BadRequest("client_token", "must be 1 to 40 letters, digits, hyphens or underscores, the first no sign")
    return token
