"""`python -m model.engine --directory D --port P`: serve the engine until a signal stops it; see `--help`.

`python -m model.engine salvage --directory D` salvages damaged event logs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

import uvicorn

import model.engine.configuration.one_thread  # noqa: F401 - before anything that imports numpy
from model.engine.access.authentication import AnyoneOnLoopback, HoldersOfKeys
from model.engine.configuration.options import read_settings
from model.engine.configuration.settings import LOOPBACK, Settings
from model.engine.http.connections import Connection
from model.engine.http.faults import Faults, make_control
from model.engine.http.operator_pages import make_pages
from model.engine.http.service import make_application
from model.engine.monitoring.logs import end_log, log
from model.engine.operations.registry import CACHES, resume
from model.engine.personalize import limits
from model.engine.personalize.errors import DamagedLogError, DirectoryInUseError
from model.engine.runtime.engine import Engine
from model.engine.runtime.salvage import SALVAGE, salvage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.engine.access.authentication import Door
    from model.engine.http.messages import Application

CANNOT_START = 2
SHUTDOWN_SECONDS = 10  # for requests that are being answered
KEEP_ALIVE_SECONDS = 75  # clients that call every few seconds keep their connections
BACKLOG = 1024


class CannotListenError(Exception):
    """A port or an address is not available."""


class _Server(uvicorn.Server):
    """A server that leaves signals to this module, so that the state is closed before the process ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main() -> int:
    """Read the settings and serve; return 0 after a stop, 2 where a port, the directory or a setting is unusable."""
    if sys.argv[1:2] == [SALVAGE]:
        return salvage(sys.argv[2:])
    # The next second: an earlier process may have accepted what was signed before it.
    since = int(time.time()) + 1
    settings = read_settings(sys.argv[1:], os.environ)
    with contextlib.ExitStack() as stack:
        try:
            listeners = _listen_all(settings, stack)
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(_serve(settings, listeners, since))
        except CannotListenError as error:
            sys.stderr.write(f"The engine cannot listen on {error}: choose another one.\n")
            return CANNOT_START
        except DamagedLogError as error:
            command = f"python -m model.engine {SALVAGE} --directory {settings.directory}"
            sys.stderr.write(f"The engine cannot use its directory: {error}. See what is sound with `{command}`.\n")
            return CANNOT_START
        except DirectoryInUseError as error:
            sys.stderr.write(f"The engine cannot use its directory: {error}.\n")
            return CANNOT_START
    end_log()
    return 0


async def _serve(settings: Settings, listeners: dict[str, socket.socket], since: int) -> None:
    connections = allow_connections()
    engine = await Engine.open(settings)
    resume(engine)
    engine.counts.caches = CACHES
    door: Door = AnyoneOnLoopback(engine.caller)
    if settings.keys:
        door = HoldersOfKeys(settings.keys, since)
        await asyncio.sleep(since - time.time())
    faults = Faults()
    applications = {
        "port": make_application(engine, door, faults),
        "metrics_port": make_pages(engine),
        "faults_port": make_control(faults),
    }
    servers = {name: _server(applications[name], connections) for name in listeners}
    _end_on_signals(engine, list(servers.values()))
    serving = [asyncio.create_task(server.serve(sockets=[listeners[name]])) for name, server in servers.items()]
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    while not all(server.started for server in servers.values()):
        await asyncio.sleep(0)
    log("ready", host=settings.host, signed=str(bool(settings.keys)).lower(), **ports)
    try:
        await asyncio.gather(*serving)
    finally:
        await engine.close()
        log("stopped")


def _server(application: Application, connections: int | None = None) -> _Server:
    config = uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        interface="asgi3",
        lifespan="off",
        log_config=None,
        # `connections` and `service` log all that uvicorn would, as JSON.
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        limit_concurrency=connections or limits.CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return _Server(config)


def _end_on_signals(engine: Engine, servers: list[_Server]) -> None:
    def end() -> None:
        engine.counts.ending = True
        log("ending", in_progress=engine.counts.in_progress)
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)


def _listen_all(settings: Settings, stack: contextlib.ExitStack) -> dict[str, socket.socket]:
    """Open every port of the settings, by the name of its setting."""
    wanted = {
        "port": (settings.host, settings.port),
        "metrics_port": (settings.host, settings.metrics_port),
        "faults_port": (LOOPBACK, settings.faults_port),
    }
    return {
        name: stack.enter_context(contextlib.closing(_listen(host, port)))
        for name, (host, port) in wanted.items()
        if port is not None
    }


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Answers are sent in two pieces; without this the second waits for the first to be acknowledged, some 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
    except OSError as error:
        raise CannotListenError(f"{host}:{port} ({error.strerror})") from None
    return listener


def allow_connections() -> int:
    """Raise the limit on open files to all connections plus the files of the state; return how many may be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = limits.CONNECTIONS + limits.FILES
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    connections = min(limits.CONNECTIONS, max(1, soft - limits.FILES))
    if connections < limits.CONNECTIONS:
        log("files", most=soft, connections=connections)
    return connections


def _loop_factory() -> Any:
    return uvicorn.Config("", loop="auto").get_loop_factory()


if __name__ == "__main__":
    sys.exit(main())
