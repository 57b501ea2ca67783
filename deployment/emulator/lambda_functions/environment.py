"""An execution environment: the process of one function, its variables, and its output and log pipes."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import threading
import time
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ministack.core import lambda_runtime
from ministack.core.responses import new_uuid

from deployment.emulator.lambda_functions.runtime import LOG_END

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployment.emulator.settings import Settings

    Config = dict[str, Any]

RUNTIME: Final = Path(__file__).with_name("runtime.py")

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
INIT_SECONDS: Final = 10
CHUNK_BYTES: Final = 1 << 16

_unpacking = threading.Lock()


class Environment(lambda_runtime.Worker):  # type: ignore[misc]
    """One warm process of a function, as MiniStack's pool of them leases it."""

    def __init__(self, settings: Settings, name: str, config: Config, code_zip: bytes) -> None:
        super().__init__(name, config, code_zip)
        self._settings = settings
        self._proc: subprocess.Popen[bytes] | None = None
        self._pipes: _Pipes | None = None

    def _spawn(self) -> None:
        code = unpack(self.code_zip, str(self.config["CodeSha256"]), Path(self._settings.scratch))
        layers = list(self._layers())
        self._proc = subprocess.Popen(
            [self._settings.lambda_python, "-s", RUNTIME],
            cwd=code,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=variables(self._settings, self.config, code),
        )
        self._pipes = _Pipes(self._proc)
        start = {"handler": self.config["Handler"], "code": str(code), "layers": layers}
        # AWS repeats an init that takes too long, within the function's own timeout.
        answer = self._pipes.exchange(start, "", time.monotonic() + INIT_SECONDS + float(self.config["Timeout"]))
        if answer is None or "error" in answer:
            log = self._pipes.rest_of_log()
            exited = self._end()
            raise InitFailedError(answer["error"] if answer else exited, log)

    def invoke(
        self,
        event: Any,
        request_id: str,
        *,
        trace_id: str | None = None,
        depth: object = None,  # noqa: ARG002 - MiniStack's guard against loops, which AWS has for other services too
        durable: object = None,  # noqa: ARG002 - MiniStack's durable executions, which Rivulet does not use
        invoked_function_arn: str | None = None,
    ) -> Config:
        """Run one invocation.

        Returns
        -------
        dict
            ``result``, the handler's answer as JSON text, or ``error``, a function error's body; and ``log``.
        """
        with self._lock:
            if self._proc is None or self._proc.poll() is not None:
                try:
                    self._spawn()
                except InitFailedError as failure:
                    return {"error": failure.body, "log": failure.log}
            timeout = float(self.config["Timeout"])
            invocation = {
                "event": event,
                "request_id": request_id,
                "arn": invoked_function_arn or self.config["FunctionArn"],
                "timeout_seconds": timeout,
                "trace_id": trace_id,
            }
            assert self._pipes is not None  # noqa: S101 - a running process has pipes
            answer = self._pipes.exchange(invocation, request_id, time.monotonic() + timeout)
            if answer is not None:
                # The process stays after an error, as AWS keeps the environment of a handler that raised.
                return {**answer, "log": self._pipes.log_until(request_id)}
            timed_out = not self._pipes.closed
            log = self._pipes.rest_of_log()
            exited = self._end()
            message = f"Task timed out after {timeout:.2f} seconds"
            body = {"errorType": "Sandbox.Timedout", "errorMessage": message} if timed_out else exited
            return {"error": body, "log": "\n".join(filter(None, [log, f"{request_id} {body['errorMessage']}"]))}

    def _end(self) -> Config:
        """End the process and return the function error for its exit."""
        process, self._proc = self._proc, None
        assert process is not None  # noqa: S101 - only a running process is ended
        try:
            # A process that is exiting has a status of its own.
            status = process.wait(0.1)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        how = f"signal: {-status}" if status < 0 else f"exit status {status}"
        return {"errorType": "Runtime.ExitError", "errorMessage": f"Error: Runtime exited with error: {how}"}

    def _layers(self) -> Iterator[str]:
        from ministack.services.lambda_svc import _resolve_layer_zip  # noqa: PLC0415 - it imports this one's base

        for layer in self.config.get("Layers") or ():
            arn = layer if isinstance(layer, str) else layer["Arn"]
            content = _resolve_layer_zip(layer)
            if content is None:
                raise RuntimeError(f"Layer {arn} not found.")
            yield str(unpack(content, arn, Path(self._settings.scratch)) / "python")


class InitFailedError(Exception):
    """The init of a function's process failed."""

    def __init__(self, body: Config, log: str) -> None:
        super().__init__(body["errorMessage"])
        self.body = body
        self.log = log


class _Pipes:
    """The input, answers and log of a function's process.

    Answers and log are read together, so that neither pipe fills up while the reader waits for the other.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: PT018, S101 - all three are opened with the process
        self._in, self._out, self._err = process.stdin, process.stdout.fileno(), process.stderr.fileno()
        self._answers = bytearray()
        self._log = bytearray()
        self.closed = False

    def exchange(self, message: Config, request_id: str, deadline: float) -> Config | None:
        """Send a message and return its answer, or None after the deadline or when the process ends."""
        try:
            self._in.write(json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            self.closed = True
        end = _log_end(request_id)
        while not self.closed and not (b"\n" in self._answers and end in self._log):
            if not self._read(deadline - time.monotonic()):
                break
        line, found, rest = self._answers.partition(b"\n")
        if not found:
            return None
        self._answers = rest
        answer: Config = json.loads(line)
        return answer

    def log_until(self, request_id: str) -> str:
        """Return the log up to the end of an invocation; the first invocation's includes the log of the init."""
        log, _, self._log = self._log.partition(_log_end(request_id))
        return log.decode(errors="replace").rstrip("\n")

    def rest_of_log(self) -> str:
        """Return the rest of the log."""
        while not self.closed and self._read(0.1):
            pass
        log, self._log = self._log, bytearray()
        return log.decode(errors="replace").rstrip("\n")

    def _read(self, seconds: float) -> bool:
        ready = select.select([self._out, self._err], [], [], max(0.0, seconds))[0]
        if self._err in ready:
            self._take(self._err, self._log)
        if self._out in ready:
            self._take(self._out, self._answers)
        return bool(ready)

    def _take(self, pipe: int, buffer: bytearray) -> None:
        chunk = os.read(pipe, CHUNK_BYTES)
        buffer += chunk
        self.closed = self.closed or not chunk


def _log_end(request_id: str) -> bytes:
    # The init writes no end marker; the empty marker is in every log.
    return f"{LOG_END}{request_id}\n".encode() if request_id else b""


def unpack(archive: bytes, key: str, scratch: Path) -> Path:
    """Unpack an archive once for all processes that use it."""
    folder = scratch / "code" / "".join(letter if letter.isalnum() else "-" for letter in key)
    with _unpacking:
        if not folder.exists():
            fresh = folder.with_name(folder.name + ".new")
            shutil.rmtree(fresh, ignore_errors=True)
            with zipfile.ZipFile(BytesIO(archive)) as zipped:
                zipped.extractall(fresh)
            fresh.rename(folder)
    return folder


def variables(settings: Settings, config: Config, code: Path) -> dict[str, str]:
    """Return the environment variables of a function: AWS's, its own, and the services' endpoints.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    _, region = lambda_runtime._account_region_from_function_config(config)
    endpoints = {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ENDPOINT_URL_PERSONALIZE": settings.engine_url,
        "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS": settings.engine_url,
        "AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME": settings.engine_url,
        # Some operations prefix the host, which is impossible for a loopback address.
        lambda_runtime.HOST_PREFIX_ENV: "true",
    }
    of_aws = {
        "_HANDLER": config["Handler"],
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": (config.get("LoggingConfig") or {}).get("LogGroup")
        or f"/aws/lambda/{config['FunctionName']}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[$LATEST]{new_uuid().replace('-', '')}",
        "LAMBDA_TASK_ROOT": str(code),
        "LAMBDA_RUNTIME_DIR": str(RUNTIME.parent),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONIOENCODING": "utf-8",
        "TZ": ":UTC",
        **lambda_runtime.execution_credentials(config),
    }
    own = (config.get("Environment") or {}).get("Variables") or {}
    return {**endpoints, **own, **{name: value for name, value in of_aws.items() if value}}
