"""One kept-alive connection to the front door, and patience with it."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

# A first pause of half a second doubles up to five; a server that restarts is back within a few of them.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
# A longer wish of the server's than this is not honoured.
LONGEST_RETRY_AFTER_SECONDS = 20.0
# A Lambda behind API Gateway answers within 29 s or not at all.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
TIMEOUT_SECONDS = 35.0
_THROTTLED = 429
_SERVER_ERROR = 500
_NOT_ADMITTED = {401: "no API key was accepted", 403: "the API key is not valid here", 404: "there is no such path"}


class DoorClosed(ConnectionError):  # noqa: N818 - named for what is wrong
    """The front door gave no answer within the time allowed; the events may be sent again safely."""


class NotAdmitted(PermissionError):  # noqa: N818 - named for what is wrong
    """The front door will never take this: wrong URL or wrong key."""


class Answer(NamedTuple):
    """What came back: the status, the decoded JSON or None where the body is no JSON, and what `Retry-After` says."""

    status: int
    body: object
    retry_after_seconds: float = 0.0

    @property
    def is_final(self) -> bool:
        """Whether the same request would be answered the same again, or at least each of its records is spoken of."""
        listed = isinstance(self.body, dict) and ("events" in self.body or "records" in self.body)
        return listed or (self.status != _THROTTLED and self.status < _SERVER_ERROR)


class Patience:
    """How long to go on, and how long to pause between attempts."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._attempts = 0

    def pause(self, at_least_seconds: float) -> bool:
        """Wait before the next attempt, or return False where there is no time for one."""
        wait_seconds = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._attempts) * random.uniform(0.5, 1)  # noqa: S311
        wait_seconds = max(wait_seconds, min(at_least_seconds, LONGEST_RETRY_AFTER_SECONDS))
        self._attempts += 1
        if time.monotonic() + wait_seconds > self._deadline:
            return False
        time.sleep(wait_seconds)
        return True


class Door:
    """A connection to the API.

    Parameters
    ----------
    url
        The API's base, up to and with its stage.
    api_key
        Sent as `x-api-key`.
    patience_seconds
        How long one request is tried before giving up.
    on_retry
        Called before each further attempt.
    admitted
        Set once a request was let in; shared by the connections of one replay.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        patience_seconds: float,
        on_retry: Callable[[], None] = lambda: None,
        admitted: threading.Event | None = None,
    ) -> None:
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"the URL is {url!r}; it must be like http://127.0.0.1:4566/v1")
        self._secure = parts.scheme == "https"
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path
        self._headers = {"x-api-key": api_key, "content-type": "application/json"}
        self.patience_seconds = patience_seconds
        self._admitted = admitted or threading.Event()
        self._on_retry = on_retry
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes) -> Answer:
        """Post a body until it gets a final answer.

        Raises
        ------
        DoorClosed
            No such answer within the patience.
        NotAdmitted
            The key or the path is wrong. Once a key was let in this is rather a server that has not quite come back.
        """
        patience = Patience(self.patience_seconds)
        while True:
            answer, trouble = self._try(path, body)
            if answer is not None:
                if answer.status not in _NOT_ADMITTED:
                    if answer.is_final:
                        self._admitted.set()
                        return answer
                elif not self._admitted.is_set():
                    raise NotAdmitted(
                        f"POST {self._base}{path} answered {answer.status}: {_NOT_ADMITTED[answer.status]}"
                    )
            if not patience.pause(answer.retry_after_seconds if answer else 0.0):
                raise DoorClosed(
                    f"POST {self._base}{path} at {self._host}:{self._port} got no answer in "
                    f"{patience.seconds:g} s (last: {trouble}); is the cloud up?"
                )
            self._on_retry()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _try(self, path: str, body: bytes) -> tuple[Answer | None, str]:
        """Post a body once; return the answer, if there was one, and what to call it in an error."""
        try:
            answer = self._post_once(path, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return None, f"{type(error).__name__}: {error}"
        return answer, f"status {answer.status}"

    def _post_once(self, path: str, body: bytes) -> Answer:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=TIMEOUT_SECONDS)
        self._connection.request("POST", self._base + path, body, self._headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.will_close:
            self.close()
        try:
            decoded = json.loads(text)
        except ValueError:
            decoded = None
        return Answer(response.status, decoded, _seconds(response.getheader("retry-after")))


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        # The header may also hold a date, which nothing of ours sends.
        return 0.0
