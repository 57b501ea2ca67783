"""An HTTP server with the engine's connections around any ASGI application, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

from model.engine.__main__ import _server
from tests.fakes.waiting import wait_until

if TYPE_CHECKING:
    from model.engine.http.messages import Application


class HttpServer:
    """A running server; `stop` ends it as SIGTERM ends the engine."""

    def __init__(self, application: Application) -> None:
        self.server = _server(application)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(target=asyncio.run, args=(self.server.serve(sockets=[listener]),))
        self._thread.start()
        wait_until(lambda: self.server.started)

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def begin_stop(self) -> None:
        """Let the server answer what it has, and end."""
        self.server.should_exit = True

    def stop(self) -> None:
        """End the server."""
        self.begin_stop()
        self._thread.join()
