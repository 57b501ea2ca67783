"""What the emulator is asked to make or change is on disk before it answers.

MiniStack keeps everything in memory and writes it down when it is told to stop, so a killed emulator forgets the stack
that Terraform believes in. Here a service's state is written whenever a request may have changed it, before the reply
goes out; what changes behind a request's back (the steps of an execution, the log of a function) is written within
about a second. The files are MiniStack's own, one for each service under ``state``, and are read by it at start.

Records of streams and items of tables are too many to be written whole: `kinesis` and `dynamodb` keep journals of
them and take them out of the state written here. Objects of buckets are files from the beginning.

After a start on a killed emulator's folder an execution that was running is FAILED with ``States.ServiceRestart``; an
invocation that was under way is gone.
"""

from __future__ import annotations

import errno
import json
import logging
import sys
import threading
import time
import zlib
from functools import wraps
from http import HTTPStatus
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import persistence

from deployment.emulator.requests import Effect, effect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import ModuleType

    from deployment.emulator.settings import Settings

    Handler = Callable[..., Awaitable[tuple[int, dict[str, str], Any]]]

log = logging.getLogger("snapshots")

BREATH_SECONDS = 1.0
"""How long a change made behind a request's back may stay unwritten."""

BUSY_SHARE = 20
"""Writing behind requests' backs takes at most one part in this many of the time."""

ATTEMPTS = 50
"""How often a state that changes while it is read is read anew."""

READ_IN_PLACE = frozenset({"cloudwatch", "cloudwatch_logs", "sqs", "stepfunctions"})
"""Services whose states grow with use, and of which MiniStack only copies what it has."""


class Snapshots:
    """The files of the services' states.

    Parameters
    ----------
    directory
        Where they lie.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written: dict[str, int] = {}
        self._writing = threading.Lock()
        self._stirred = threading.Event()
        self._over = threading.Event()
        directory.mkdir(exist_ok=True)

    def stir(self) -> None:
        """Note that something has changed that may be written a moment later."""
        self._stirred.set()

    def write(self, service: str, read_state: Callable[[], Any]) -> None:
        """Write a service's state, unless it is what was written last.

        Parameters
        ----------
        service
            The name of the file.
        read_state
            Copies the state; None when there is none.

        Raises
        ------
        OSError
            If it could not be written; the file is as it was before.
        """
        with self._writing:
            content = self._serialize(service, read_state)
            if content is None or self._written.get(service) == (checksum := zlib.crc32(content)):
                return
            path = self._directory / f"{service}.json"
            fresh = path.with_name(path.name + ".new")
            fresh.write_bytes(content)
            fresh.replace(path)
            self._written[service] = checksum

    def write_all(self) -> None:
        """Write the state of every service that is in use."""
        for service, module in _services_in_use().items():
            self.write(service, _reader(service, module))

    def close(self) -> None:
        """Write everything a last time and write no more."""
        self._over.set()
        self.write_all()

    def write_behind(self) -> None:
        """Go on writing what was stirred, until closed."""
        while not self._over.is_set():
            self._stirred.wait()
            time.sleep(BREATH_SECONDS)
            self._stirred.clear()
            started = time.monotonic()
            try:
                if not self._over.is_set():
                    self.write_all()
            except OSError as error:
                log.warning("state not written, tried again soon: %s", error)
                self._stirred.set()
            if _executions_are_running():
                self._stirred.set()
            time.sleep((time.monotonic() - started) * BUSY_SHARE)

    @staticmethod
    def _serialize(service: str, read_state: Callable[[], Any]) -> bytes | None:
        version = persistence._state_format_version(service)
        for _ in range(ATTEMPTS):
            try:
                state = read_state()
                if state is None:
                    return None
                wrapped = {"__ministack_format__": version, "payload": state}
                return json.dumps(wrapped, default=persistence._json_default).encode()
            except RuntimeError:
                # Another thread changed a dictionary while it was gone through.
                time.sleep(0.001)
        raise OSError(errno.EAGAIN, f"the state of {service} does not hold still")


def install(settings: Settings) -> None:
    """Write states before replies, and read them at start.

    Parameters
    ----------
    settings
        The choices of this run.
    """
    snapshots = Snapshots(settings.directory / "state")
    load_module = app._get_module

    def load_durable_module(name: str) -> ModuleType:
        module: ModuleType = load_module(name)
        handler = getattr(module, "handle_request", None)
        if handler is not None and not hasattr(handler, "durable"):
            module.handle_request = _durable(name, handler, snapshots)  # type: ignore[attr-defined]
        return module

    app._get_module = load_durable_module
    app.save_all = lambda _services: snapshots.close()
    threading.Thread(target=snapshots.write_behind, name="snapshots", daemon=True).start()


def _durable(module: str, handler: Handler, snapshots: Snapshots) -> Handler:
    services = _files_of(module)

    @wraps(handler)
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]], **more: object
    ) -> tuple[int, dict[str, str], Any]:
        try:
            answer = await handler(method, path, headers, body, query, **more)
            done = effect(module, method, path, headers, body, query)
            if done is not Effect.NONE:
                snapshots.stir()
            if done is Effect.LASTING:
                in_use = _services_in_use()
                for service in services & in_use.keys():
                    snapshots.write(service, _reader(service, in_use[service]))
        except OSError as error:
            return _not_written(module, error)
        return answer

    handle.durable = True  # type: ignore[attr-defined]
    return handle


def _not_written(module: str, error: OSError) -> tuple[int, dict[str, str], bytes]:
    log.error("state not written: %s", error)
    message = f"The emulator could not write down what was asked of it: {error.strerror}."
    if module == "s3":
        body = f"<Error><Code>InternalError</Code><Message>{message}</Message></Error>"
        return HTTPStatus.INTERNAL_SERVER_ERROR, {"Content-Type": "application/xml"}, body.encode()
    failure = json.dumps({"__type": "InternalFailure", "message": message})
    return HTTPStatus.INTERNAL_SERVER_ERROR, {"Content-Type": "application/x-amz-json-1.1"}, failure.encode()


def _files_of(module: str) -> set[str]:
    """Name the files that a service's module and those that it hands requests to are kept in."""
    files: set[str] = set()
    for registered in app.SERVICE_REGISTRY.values():
        if registered["module"] == module:
            files |= {registered.get("state_key", module), *registered.get("sub_modules", ())}
    return files


def _services_in_use() -> dict[str, ModuleType]:
    found = {service: sys.modules.get(f"ministack.services.{name}") for service, name in app._state_map.items()}
    return {service: module for service, module in found.items() if module is not None and hasattr(module, "get_state")}


def _reader(service: str, module: ModuleType) -> Callable[[], Any]:
    """Give what reads a service's state, without the copy that MiniStack makes where nothing is done to it.

    Copying is most of the cost where there is much, and JSON is made of a dictionary in one go.
    """
    read = module.get_state
    if service not in READ_IN_PLACE:
        return read  # type: ignore[no-any-return]
    names = {**read.__globals__, "copy": SimpleNamespace(deepcopy=lambda state: state)}
    return FunctionType(read.__code__, names, closure=read.__closure__)


def _executions_are_running() -> bool:
    machines = sys.modules.get("ministack.services.stepfunctions")
    if machines is None:
        return False
    return any(execution.get("status") == "RUNNING" for execution in machines._executions.all_values())
