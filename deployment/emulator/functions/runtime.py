"""What runs inside a function's own process: AWS's Python runtime as far as a handler can tell.

Run by the path of this file on an interpreter that has boto3 and nothing else, so it imports the standard library only.
A line of JSON comes in on standard input for the start and for every invocation; an answer goes out, a line each, on
what was standard output when the process began. Standard output itself joins standard error, which is the log; a line
of `LOG_END` and the request's id says where an invocation's part of it ends.
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
        """Give the time left before the function is ended, in milliseconds."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def main() -> None:
    """Serve invocations until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    start = json.loads(sys.stdin.readline())
    # The folder of this file is no part of a function's path; its code and layers are, as on AWS.
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
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is its answer
        answer = {"error": _describe(error)}
    # The log is whole before the answer is read.
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(2, f"{LOG_END}{invocation['request_id']}\n".encode())
    _answer(answers, answer)


def _load(name: str, answers: IO[str]) -> Handler | None:
    """Import the handler; what goes wrong has the names that AWS's runtime gives it."""
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
    except Exception as error:  # noqa: BLE001 - whatever a module raises is its answer
        _answer(answers, {"error": _describe(error)})
        return None
    _answer(answers, {"ready": True})
    return handler


def _refuse(answers: IO[str], error_type: str, message: str) -> None:
    sys.stderr.write(f"[ERROR] {error_type}: {message}\n")
    sys.stderr.flush()
    _answer(answers, {"error": {"errorType": error_type, "errorMessage": message, "stackTrace": []}})


class _Unmarshalable(Exception):  # noqa: N818 - never seen by its class name
    """What a handler returned is not JSON."""


def _marshal(result: Any) -> str:
    try:
        return json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise _Unmarshalable(f"Unable to marshal response: {error}") from error


def _describe(error: Exception) -> dict[str, Any]:
    if isinstance(error, _Unmarshalable):
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
