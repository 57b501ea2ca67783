"""Lambda functions run on an interpreter and in an environment as clean as AWS's.

MiniStack runs functions on its own interpreter with its own packages and variables, names every error
``Runtime.HandlerError``, ends the process of a handler that raised, and waits 50 ms for the log of a silent one. Here:

- a function runs on ``--lambda-python``, whatever Python its ``Runtime`` names; other runtimes are rejected;
- its environment has AWS's variables, its own, and ``AWS_ENDPOINT_URL``, also that of Personalize's services;
- ``errorType`` is the exception's class and ``stackTrace`` is present; a handler that raised stays warm;
- payloads over AWS's limits are rejected;
- an alias with weights invokes both of its versions (`aliases`);
- an accepted event survives the process and reaches its destinations (`asynchronous`);
- nothing polls Kinesis for event-source mappings; `deployment.workers` do, through the API.
"""

from __future__ import annotations

import atexit
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from deployment.emulator.kms import checks, errors
from deployment.emulator.kms.decisions import KeyUseError
from deployment.emulator.kms.resources import Call
from deployment.emulator.lambda_functions.aliases import with_weights
from deployment.emulator.lambda_functions.asynchronous import Events
from deployment.emulator.lambda_functions.environment import Environment
from deployment.emulator.lambda_functions.limits import response_too_large_error, with_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:
    """Put these in the place of MiniStack's."""
    lambda_runtime._worker_class_for = lambda _config: partial(Environment, settings)
    lambda_svc._execute_function_warm = execute
    lambda_svc._invoke = with_weights(lambda_svc._invoke)
    lambda_svc._poll_kinesis = lambda: False
    lambda_svc.handle_request = with_limits(lambda_svc.handle_request)
    events = Events(settings.directory / "functions" / "events.journal")
    lambda_svc.invoke_async_with_retry = events.accept
    lambda_svc.load_persisted_state = _then(lambda_svc.load_persisted_state, events.resume)
    atexit.register(lambda_runtime.reset)


def execute(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    """Run one invocation in an idle environment of the function, or in a new one.

    `function` is MiniStack's record of it. The result has ``body``, ``error`` where it is a function error's, and
    ``log``, as that of MiniStack's executors.
    """
    config = function.get("config") or function
    if (refusal := _environment_refusal(config)) is not None:
        return {"body": {**refusal, "requestId": request_id}, "error": True, "log": ""}
    worker, _ = lambda_runtime.acquire_worker(
        config["FunctionName"], config, function["code_zip"], qualifier=config.get("Version", "$LATEST")
    )
    try:
        outcome = worker.invoke(
            event,
            request_id,
            trace_id=lambda_svc._xray_trace_id_for_invocation(config),
            invoked_function_arn=config["FunctionArn"],
        )
    finally:
        lambda_runtime.release_worker(worker)
    error = outcome.get("error") or response_too_large_error(outcome["result"])
    if error is not None:
        return {"body": {**error, "requestId": request_id}, "error": True, "log": outcome["log"]}
    return {"body": json.loads(outcome["result"]), "log": outcome["log"]}


def _environment_refusal(config: dict[str, Any]) -> dict[str, str] | None:
    """Return the error of an invocation whose role may not decrypt the function's environment variables."""
    call = Call("lambda:InvokeFunction", config["FunctionArn"])
    try:
        if app.AUTH:
            checks.check(call, None)
    except KeyUseError as error:
        message = errors.message_of("lambda", error, call)
        return {"errorType": errors.code_of("lambda", error), "errorMessage": message}
    return None


def _then(load: Callable[[Any], None], resume: Callable[[], None]) -> Callable[[Any], None]:
    def load_and_resume(state: Any) -> None:
        load(state)
        resume()

    return load_and_resume
