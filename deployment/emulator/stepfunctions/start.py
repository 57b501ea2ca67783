"""What StartExecution and the definition of a state machine are checked for.

StartExecution is idempotent for a standard state machine: the same name and input while the first runs answers as the
first did, anything else of that name is ExecutionAlreadyExists
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import stepfunctions as states

from deployment.emulator.stepfunctions.definition import faults_of

Response = tuple[int, dict[str, str], bytes]

# API_StartExecution: 1 to 80 characters, none of these, no white space and no control characters.
NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}""")
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: 256 KiB as UTF-8.
INPUT_LIMIT_BYTES = 262_144


def install() -> None:
    """Check executions before they start and definitions before they are kept."""
    start_execution = states._start_execution
    create, update = states._create_state_machine, states._update_state_machine

    def checked_start(data: dict[str, Any]) -> Response:
        refused = _refuse(data) or _answer_again(data)
        return refused or cast("Response", start_execution(data))

    def checked_create(data: dict[str, Any]) -> Response:
        return _refuse_definition(data.get("definition", "")) or cast("Response", create(data))

    def checked_update(data: dict[str, Any]) -> Response:
        definition = data.get("definition")
        return (_refuse_definition(definition) if definition is not None else None) or cast("Response", update(data))

    states._start_execution = checked_start
    states._create_state_machine = checked_create
    states._update_state_machine = checked_update
    states._validate_state_machine_definition = validate


def validate(data: dict[str, Any]) -> Response:
    """Answer ValidateStateMachineDefinition with what makes a definition unusable, place by place."""
    faults = faults_of(data.get("definition", ""))
    diagnostics = [
        {"severity": "ERROR", "code": fault.code, "message": fault.message, "location": fault.location}
        for fault in faults
    ]
    return _answer({"result": "FAIL" if faults else "OK", "diagnostics": diagnostics, "truncated": False})


def _refuse_definition(definition: str) -> Response | None:
    faults = faults_of(definition)
    if not faults:
        return None
    listed = ", ".join(f"{fault.code}: {fault.message} at {fault.location}" for fault in faults)
    return _error("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")


def _refuse(data: dict[str, Any]) -> Response | None:
    name, text = data.get("name"), data.get("input", "{}")
    if name is not None and not NAME.fullmatch(name):
        return _error("InvalidName", f"Invalid Name: '{name}'")
    if len(text.encode()) > INPUT_LIMIT_BYTES:
        message = f"Invalid execution input: {len(text.encode())} bytes, at most {INPUT_LIMIT_BYTES}"
        return _error("InvalidExecutionInput", message)
    try:
        json.loads(text)
    except ValueError as error:
        return _error("InvalidExecutionInput", f"Invalid execution input: {error}")
    return None


def _answer_again(data: dict[str, Any]) -> Response | None:
    machine = states._state_machines.get(data.get("stateMachineArn", ""))
    if machine is None or machine["type"] != "STANDARD" or not data.get("name"):
        return None
    arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{machine['name']}:{data['name']}"
    earlier = states._executions.get(arn)
    if earlier is None or earlier["status"] != "RUNNING" or earlier["input"] != data.get("input", "{}"):
        return None
    return _answer({"executionArn": arn, "startDate": earlier["startDate"]})


def _error(code: str, message: str) -> Response:
    return cast("Response", error_response_json(code, message, 400))


def _answer(content: dict[str, Any]) -> Response:
    return cast("Response", json_response(content))
