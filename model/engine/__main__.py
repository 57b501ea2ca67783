"""`python -m model.engine --directory D --port P`: serve the engine on loopback until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

import model.engine.one_thread  # noqa: F401 - before anything that imports numpy
from model.engine.engine import Engine
from model.engine.errors import DirectoryInUseError
from model.engine.logs import log
from model.engine.operations.registry import resume
from model.engine.service import make_application
from model.engine.settings import HOST, PACES, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

CANNOT_START = 2
SHUTDOWN_SECONDS = 10  # for requests that are being answered
KEEP_ALIVE_SECONDS = 75  # clients that call every few seconds keep their connections


class _Server(uvicorn.Server):
    """A server whose signals are handled here, so that the state is closed before the process ends."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        log("ready", port=sockets[0].getsockname()[1] if sockets else None)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main() -> int:
    """Read the arguments and serve.

    Returns
    -------
    int
        0 after a stop by signal; 2 where the port or the directory is taken.
    """
    settings = _read_arguments()
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Answers leave in two pieces; without this the second waits for the first one to be confirmed, some 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((HOST, settings.port))
    except OSError as error:
        sys.stderr.write(
            f"The engine cannot listen on {HOST}:{settings.port} ({error.strerror}): choose another port.\n"
        )
        return CANNOT_START
    try:
        asyncio.run(_serve(settings, listener))
    except DirectoryInUseError as error:
        sys.stderr.write(f"The engine cannot use its directory: {error}.\n")
        return CANNOT_START
    finally:
        listener.close()
    return 0


async def _serve(settings: Settings, listener: socket.socket) -> None:
    engine = await Engine.open(settings)
    resume(engine)
    config = uvicorn.Config(
        make_application(engine),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    try:
        await server.serve(sockets=[listener])
    finally:
        await engine.close()
        log("stopped")


def _read_arguments() -> Settings:
    parser = argparse.ArgumentParser(
        prog="python -m model.engine", description="A service with Amazon Personalize's API"
    )
    parser.add_argument("--directory", type=Path, required=True, help="where all state lies")
    parser.add_argument("--port", type=int, required=True, help="on loopback; 0 takes a free one and logs it")
    parser.add_argument("--region", default=Settings.region, help="of requests whose signature names none")
    parser.add_argument("--pace", choices=PACES, default="compressed", help="how long resources stay in each state")
    given = parser.parse_args()
    return Settings(given.directory, given.port, given.region, pace=PACES[given.pace])


if __name__ == "__main__":
    sys.exit(main())
