"""The Python runtime inside a function's process; it behaves towards a handler as AWS's does.

This file is run by its path on an interpreter that has boto3 and nothing else, so it imports the standard library only.
It reads a line of JSON from standard input for the init and for every invocation, and writes one line per answer to the
original standard output. Standard output itself is redirected to standard error, which is the log; a line of `LOG_END`
and the request's id ends an invocation's part of the log.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[Any, "Context"], Any]

LOG_END = "\x00end "


class Context:
    """The context object that a handler gets."""

    # https://docs.aws.amazon.com/lambda/latest/dg/python-context.html

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = invocation["arn"]
        self.aws_request_id = invocation["request_id"]
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + invocation["timeout_seconds"]

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left until the function times out, in milliseconds."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def main() -> None:
    """Serve invocations until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    start = json.loads(sys.stdin.readline())
    # As on AWS, a function's path has its code and layers, and not the folder of this file.
    sys.path[0:1] = [start["code"], *start["layers"]]
    handler = _load(start["handler"], answers)
    if handler is None:
        return
    for line in sys.stdin:
        _serve(handler, json.loads(line), answers)


def _serve(handler: Handler, invocation: dict[str, Any], answers: IO[str]) -> None:
    trace = invocation.get("trace_id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    answer: dict[str, Any]
    try:
        answer = {"result": _marshal(handler(invocation["event"], Context(invocation)))}
    except Exception as error:  # noqa: BLE001 - any exception of a handler becomes its answer
        answer = {"error": _describe(error)}
    # The log is complete before the answer is read.
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(2, f"{LOG_END}{invocation['request_id']}\n".encode())
    _answer(answers, answer)


def _load(name: str, answers: IO[str]) -> Handler | None:
    """Import the handler; errors have the names that AWS's runtime gives them."""
    module_name, _, function_name = name.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
        handler: Handler = getattr(module, function_name)
    except ImportError as error:
        _refuse(answers, "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}")
        return None
    except AttributeError:
        _refuse(answers, "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
        return None
    except Exception as error:  # noqa: BLE001 - any exception of a module becomes the answer
        _answer(answers, {"error": _describe(error)})
        return None
    _answer(answers, {"ready": True})
    return handler


def _refuse(answers: IO[str], error_type: str, message: str) -> None:
    sys.stderr.write(f"[ERROR] {error_type}: {message}\n")
    sys.stderr.flush()
    _answer(answers, {"error": {"errorType": error_type, "errorMessage": message, "stackTrace": []}})


class _MarshalError(Exception):
    """A handler's result cannot be serialized as JSON."""


def _marshal(result: Any) -> str:
    try:
        return json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise _MarshalError(f"Unable to marshal response: {error}") from error


def _describe(error: Exception) -> dict[str, Any]:
    if isinstance(error, _MarshalError):
        return {"errorMessage": str(error), "errorType": "Runtime.MarshalError", "stackTrace": []}
    frames = traceback.extract_tb(error.__traceback__)
    # The first frame is this runtime's own; a stack trace begins at the handler.
    stack = traceback.format_list(frames[1:] if frames and frames[0].filename == __file__ else frames)
    name = type(error).__name__
    sys.stderr.write(f"[ERROR] {name}: {error}\nTraceback (most recent call last):\n{''.join(stack)}")
    return {"errorMessage": str(error), "errorType": name, "stackTrace": stack}


def _answer(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
