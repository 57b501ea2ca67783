"""One kept-alive HTTP connection to the API."""

from __future__ import annotations

import http.client
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

MOST_ANSWER_BYTES = 4 * 1024 * 1024
"""An answer with 500 verdicts and ten errors each is smaller."""

_READ_BYTES = 65_536
_KEY = re.compile(r"[\x21-\x7e]+")


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
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise ValueError("the URL must be like https://api.example.com/v1, without a user, a password or a query")
        if not _KEY.fullmatch(key):
            raise ValueError("the key must be printable ASCII without spaces, as the API's owner gave it")
        if min(timeout) <= 0:
            raise ValueError(f"the timeout is {timeout}; both seconds must be more than 0")
        self._is_secure = parts.scheme == "https"
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path
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
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionFailedError(f"{type(error).__name__}: {error}") from error
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
        _limit(connection, deadline)
        connection.request("POST", self._base + path, body, headers)
        response = connection.getresponse()
        text = _read(response, connection, deadline)
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


def _limit(connection: http.client.HTTPConnection, deadline: float) -> None:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no whole answer in time")
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _read(response: http.client.HTTPResponse, connection: http.client.HTTPConnection, deadline: float) -> bytes:
    """Read the body piece by piece, so that a server that sends a byte now and then does not exceed the deadline."""
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_READ_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_ANSWER_BYTES:
            raise http.client.HTTPException(f"the answer is larger than {MOST_ANSWER_BYTES} bytes")
        _limit(connection, deadline)
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
