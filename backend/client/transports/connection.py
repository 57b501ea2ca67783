"""One kept-alive HTTP connection to the API."""

from __future__ import annotations

import http.client
import io
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

MOST_ANSWER_BYTES = 4 * 1024 * 1024
"""An answer with 500 verdicts and ten errors each is smaller."""

_READ_BYTES = 65_536
_WRITE_BYTES = 16_384
"""One record of TLS; the timeout of a socket is for each."""

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class ConnectionFailedError(ConnectionError):
    """No whole answer; whether the server received the request is unknown."""


class Response(NamedTuple):
    """An answer: its status, its body, the seconds of `Retry-After`, and the type of its content."""

    status: int
    body: bytes
    retry_after: float = 0.0
    content_type: str = ""


class Connection:
    """A connection that is opened by the first request and opened again after a failure.

    Parameters
    ----------
    url
        The API's base URL with its stage.
    key
        Sent as `x-api-key`, to this address only: redirections are not followed.
    timeout
        Seconds to connect, and to wait for an answer.
    """

    def __init__(self, url: str, key: str, timeout: tuple[float, float]) -> None:
        parts, port = _split(url.rstrip("/"))
        if not _PRINTABLE.fullmatch(key):
            raise ValueError("the key must be printable ASCII without spaces, as the API's owner gave it")
        if min(timeout) <= 0:
            raise ValueError(f"the timeout is {timeout}; both seconds must be more than 0")
        self._is_secure = parts.scheme == "https"
        self._host, self._port, self._base = parts.hostname or "", port, parts.path
        self._headers = {"x-api-key": key, "content-type": "application/json", "user-agent": "rivulet-producer"}
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self.address = f"{parts.scheme}://{parts.netloc}{parts.path}"

    def post(
        self, path: str, body: bytes, headers: dict[str, str] | None = None, seconds: float | None = None
    ) -> Response:
        """Post a body once, within the timeout or the given seconds if they are fewer.

        A request that fails at once on a connection that was idle is repeated on another: the server has closed it.

        Raises
        ------
        ConnectionFailedError
            There is no connection, or no whole answer.
        """
        was_open = self._connection is not None
        deadline = time.monotonic() + (self._timeout[1] if seconds is None else min(seconds, self._timeout[1]))
        try:
            try:
                return self._post(path, body, self._headers | (headers or {}), deadline)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if not was_open:
                    raise
                return self._post(path, body, self._headers | (headers or {}), deadline)
        except ConnectionFailedError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise ConnectionFailedError(f"{type(error).__name__}: {error}") from error
        except http.client.HTTPException as error:
            self.close()
            # Its text may hold what the server sent, which may repeat the request with its key.
            raise ConnectionFailedError(f"{type(error).__name__}: the answer is not HTTP, or not whole") from error
        except BaseException:
            self.close()  # the answer to this request must not be read as that to the next
            raise

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _post(self, path: str, body: bytes, headers: dict[str, str], deadline: float) -> Response:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._open(deadline)
        if connection.sock is not None:
            _limit(connection.sock, deadline)
        connection.response_class = partial(_Response, deadline=deadline)  # type: ignore[assignment]
        headers["content-length"] = str(len(body))
        pieces = body if len(body) <= _WRITE_BYTES else _pieces(body, connection, deadline)
        connection.request("POST", self._base + path, pieces, headers)
        response = connection.getresponse()
        text = _read(response)
        if response.will_close:
            self.close()
        retry_after = _seconds(response.getheader("retry-after"))
        return Response(response.status, text, retry_after, response.getheader("content-type") or "")

    def _open(self, deadline: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        seconds = max(min(self._timeout[0], deadline - time.monotonic()), 0.001)
        connection = kind(self._host, self._port, timeout=seconds)
        connection.connect()
        return connection


class _Reader(io.RawIOBase):
    """Reads a socket until a deadline, however slowly a server sends its header and its body."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = sock, deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        _limit(self._socket, self._deadline)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *, method: str | None = None, deadline: float) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock, deadline))


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None  # the error's text may hold a password
    is_plain = _PRINTABLE.fullmatch(url) and "@" not in parts.netloc and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        raise ValueError("the URL must be like https://api.example.com/v1, without a user, a password or a query")
    return parts, port


def _limit(sock: socket.socket, deadline: float) -> None:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no whole answer in time")
    sock.settimeout(seconds)


def _pieces(body: bytes, connection: http.client.HTTPConnection, deadline: float) -> Iterator[bytes]:
    for start in range(0, len(body), _WRITE_BYTES):
        _limit(connection.sock, deadline)
        yield body[start : start + _WRITE_BYTES]


def _read(response: http.client.HTTPResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_READ_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_ANSWER_BYTES:
            raise ConnectionFailedError(f"the answer is larger than {MOST_ANSWER_BYTES} bytes")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    response.read()  # empty; `read1` does not release the connection for the next request
    return b"".join(pieces)


def _seconds(retry_after: str | None) -> float:
    """Return the seconds of a `Retry-After`, which is a number or a date."""
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after or "") - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
