"""Snapshots of the services' states: a change is on disk before the emulator replies.

MiniStack keeps all state in memory and writes it when it is stopped, so a killed emulator loses the stack that is in
Terraform's state. Here a service's state is written, before the reply, whenever a request may have changed it; changes
outside of requests (the steps of an execution, the log of a function) are written within about a second. The files are
MiniStack's own, one for each service under ``state``, which it reads at start.

Records of streams and items of tables are too many to write whole: `kinesis` and `dynamodb` keep journals of them and
omit them from these snapshots. Objects of buckets are files from the start.

After a start on a killed emulator's folder an execution that was running is FAILED with ``States.ServiceRestart``; an
invocation that was running is lost.
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

from deployment.emulator.persistence.request_effects import RequestEffect, classify_request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import ModuleType

    from deployment.emulator.settings import Settings

    Handler = Callable[..., Awaitable[tuple[int, dict[str, str], Any]]]

log = logging.getLogger("snapshots")

WRITE_DELAY_SECONDS = 1.0
"""The longest time that a deferred change stays unwritten."""

BUSY_SHARE = 20
"""Background writing takes at most one part in this many of the time."""

ATTEMPTS = 50
"""The number of attempts to read a state that changes while it is read."""

SERIALIZED_IN_PLACE = frozenset({"cloudwatch", "cloudwatch_logs", "sqs", "stepfunctions"})
"""Services whose states grow with use and whose ``get_state`` only copies; they are serialized without the copy."""


class Snapshots:
    """The files of the services' states."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written: dict[str, int] = {}
        self._writing = threading.Lock()
        self._changed = threading.Event()
        self._closed = threading.Event()
        directory.mkdir(exist_ok=True)

    def mark_changed(self) -> None:
        """Schedule a background write."""
        self._changed.set()

    def write(self, service: str, read_state: Callable[[], Any]) -> None:
        """Write a service's state unless it is None or equals the last one written.

        After an OSError the file is as it was.
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
        """Write the state of every loaded service."""
        for service, module in _services_in_use().items():
            self.write(service, _reader(service, module))

    def close(self) -> None:
        """Write every state a last time and stop the background writer."""
        self._closed.set()
        self.write_all()

    def write_in_background(self) -> None:
        """Write deferred changes until the snapshots are closed."""
        while not self._closed.is_set():
            self._changed.wait()
            time.sleep(WRITE_DELAY_SECONDS)
            self._changed.clear()
            started = time.monotonic()
            try:
                if not self._closed.is_set():
                    self.write_all()
            except OSError as error:
                log.warning("state not written, will be retried: %s", error)
                self._changed.set()
            if _executions_are_running():
                self._changed.set()
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
                # Another thread changed a dictionary during the iteration.
                time.sleep(0.001)
        raise OSError(errno.EAGAIN, f"the state of {service} changed during each of {ATTEMPTS} reads")


def install(settings: Settings) -> None:
    """Write states before replies, and read them at start."""
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
    threading.Thread(target=snapshots.write_in_background, name="snapshots", daemon=True).start()


def _durable(module: str, handler: Handler, snapshots: Snapshots) -> Handler:
    services = _files_of(module)

    @wraps(handler)
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]], **more: object
    ) -> tuple[int, dict[str, str], Any]:
        try:
            answer = await handler(method, path, headers, body, query, **more)
            done = classify_request(module, method, path, headers, body, query)
            if done is not RequestEffect.NONE:
                snapshots.mark_changed()
            if done is RequestEffect.DURABLE:
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
    message = f"The emulator could not write the change to disk: {error.strerror}."
    if module == "s3":
        body = f"<Error><Code>InternalError</Code><Message>{message}</Message></Error>"
        return HTTPStatus.INTERNAL_SERVER_ERROR, {"Content-Type": "application/xml"}, body.encode()
    failure = json.dumps({"__type": "InternalFailure", "message": message})
    return HTTPStatus.INTERNAL_SERVER_ERROR, {"Content-Type": "application/x-amz-json-1.1"}, failure.encode()


def _files_of(module: str) -> set[str]:
    """Return the names of the state files of a service's module and of its sub-modules."""
    files: set[str] = set()
    for registered in app.SERVICE_REGISTRY.values():
        if registered["module"] == module:
            files |= {registered.get("state_key", module), *registered.get("sub_modules", ())}
    return files


def _services_in_use() -> dict[str, ModuleType]:
    loaded = {service: sys.modules.get(f"ministack.services.{name}") for service, name in app._state_map.items()}
    return {
        service: module for service, module in loaded.items() if module is not None and hasattr(module, "get_state")
    }


def _reader(service: str, module: ModuleType) -> Callable[[], Any]:
    """Return the function that reads a service's state, without MiniStack's deep copy for `SERIALIZED_IN_PLACE`.

    The copy is most of the cost of a large state, and JSON is encoded from a dictionary in one call.
    """
    read = module.get_state
    if service not in SERIALIZED_IN_PLACE:
        return read  # type: ignore[no-any-return]
    names = {**read.__globals__, "copy": SimpleNamespace(deepcopy=lambda state: state)}
    return FunctionType(read.__code__, names, closure=read.__closure__)


def _executions_are_running() -> bool:
    machines = sys.modules.get("ministack.services.stepfunctions")
    if machines is None:
        return False
    return any(execution.get("status") == "RUNNING" for execution in machines._executions.all_values())
