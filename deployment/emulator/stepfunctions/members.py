"""Converts the members of Amazon Personalize's three services between workflows and their APIs.

Step Functions capitalizes the first letter of every member of an SDK integration (``DatasetGroupArn`` for the API's
``datasetGroupArn``) and leaves keys of maps unchanged, since those are data (hyperparameters, metrics). A time is a
string in ISO 8601. botocore's model of the service distinguishes them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from ministack.core.responses import _service_model
from ministack.services import stepfunctions as states


def api_parameters(service: str, action: str, arguments: Any) -> Any:
    """Return a Task's arguments with the API's names and times.

    Parameters
    ----------
    service
        The service's name in botocore, for example ``personalize-events``.
    action
        The API's action, for example ``CreateSolution``.
    arguments
        The Task's arguments, members capitalized.

    Raises
    ------
    ministack.services.stepfunctions._ExecutionError
        ``States.Runtime`` for an action or a member that the service does not have, and for a time that is no string
        in ISO 8601.
    """
    operation = _operation(service, action)
    return _to_api(arguments or {}, operation.input_shape, operation.name) if operation.input_shape else {}


def request_path(service: str, action: str) -> str:
    """Return the path of an action of a REST API; ``/`` where the header ``X-Amz-Target`` names the action."""
    return str(_operation(service, action).http["requestUri"])


def state_result(service: str, action: str, answer: Any) -> Any:
    """Return an API's response with the names and times that a workflow sees."""
    return _to_state(answer, _operation(service, action).output_shape)


@cache
def _operation(service: str, action: str) -> Any:
    model = _service_model(service)
    if action not in model.operation_names:
        raise states._ExecutionError("States.Runtime", f"{model.service_id} has no action {action}")
    return model.operation_model(action)


def _to_api(value: Any, shape: Any, where: str) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        named = {_capitalize(name): name for name in shape.members}
        unknown = value.keys() - named.keys()
        if unknown:
            cause = f"The field '{min(unknown)}' is not supported by Step Functions in {where}"
            raise states._ExecutionError("States.Runtime", cause)
        return {
            named[key]: _to_api(item, shape.members[named[key]], f"{where}.{key}")
            for key, item in value.items()
            if item is not None
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_to_api(item, shape.member, where) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _to_api(item, shape.value, where) for key, item in value.items()}
    return _to_seconds(value, where) if shape.type_name == "timestamp" else value


def _to_seconds(value: Any, where: str) -> float:
    """Return a time as the APIs take it, in seconds since the epoch."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise states._ExecutionError("States.Runtime", f"{value!r} of {where} is no timestamp in ISO 8601")
    return moment.timestamp()


def _to_state(value: Any, shape: Any) -> Any:
    kind = shape.type_name if shape is not None else None
    if kind == "structure" and isinstance(value, dict):
        return {
            _capitalize(key): _to_state(item, shape.members.get(key)) for key, item in value.items() if item is not None
        }
    if kind == "list" and isinstance(value, list):
        return [_to_state(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: _to_state(item, shape.value) for key, item in value.items()}
    if kind == "timestamp" and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def _capitalize(name: str) -> str:
    return name[:1].upper() + name[1:]
