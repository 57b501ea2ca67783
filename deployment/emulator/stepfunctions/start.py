"""Validates StartExecution and the definitions of state machines.

StartExecution is idempotent for a standard state machine: the same name and input, while the first execution runs,
return the first response; any other request with that name fails with ExecutionAlreadyExists
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import stepfunctions as states

from deployment.emulator.stepfunctions.definition import diagnose

Response = tuple[int, dict[str, str], bytes]

# API_StartExecution: 1 to 80 characters, none of these, no white space and no control characters.
NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}""")
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: 256 KiB as UTF-8.
INPUT_LIMIT_BYTES = 262_144


def install() -> None:
    """Validate executions before they start and definitions before they are stored."""
    start_execution = states._start_execution
    create, update = states._create_state_machine, states._update_state_machine

    def checked_start(data: dict[str, Any]) -> Response:
        response = _validate_start(data) or _repeat_response(data)
        return response or cast("Response", start_execution(data))

    def checked_create(data: dict[str, Any]) -> Response:
        return _validate_definition(data.get("definition", "")) or cast("Response", create(data))

    def checked_update(data: dict[str, Any]) -> Response:
        definition = data.get("definition")
        return (_validate_definition(definition) if definition is not None else None) or cast("Response", update(data))

    states._start_execution = checked_start
    states._create_state_machine = checked_create
    states._update_state_machine = checked_update
    states._validate_state_machine_definition = validate


def validate(data: dict[str, Any]) -> Response:
    """Handle ValidateStateMachineDefinition: list the errors of a definition with their locations."""
    diagnostics = [{"severity": "ERROR", **vars(diagnostic)} for diagnostic in diagnose(data.get("definition", ""))]
    return _answer({"result": "FAIL" if diagnostics else "OK", "diagnostics": diagnostics, "truncated": False})


def _validate_definition(definition: str) -> Response | None:
    errors = diagnose(definition)
    if not errors:
        return None
    listed = ", ".join(f"{error.code}: {error.message} at {error.location}" for error in errors)
    return _error("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")


def _validate_start(data: dict[str, Any]) -> Response | None:
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


def _repeat_response(data: dict[str, Any]) -> Response | None:
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
