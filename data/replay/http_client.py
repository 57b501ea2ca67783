"""An HTTP client of the API with one kept-alive connection and retries."""

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

# The pauses double from half a second to five seconds; a restarting server is back within a few of them.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
# A longer `Retry-After` is shortened to this.
LONGEST_RETRY_AFTER_SECONDS = 20.0
# A Lambda behind API Gateway answers within 29 s or not at all.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
TIMEOUT_SECONDS = 35.0
_THROTTLED = 429
_SERVER_ERROR = 500
_ACCESS_ERRORS = {401: "no API key was accepted", 403: "the API key is not valid here", 404: "the path does not exist"}


class ApiUnavailableError(ConnectionError):
    """The API gave no answer within the time limit; the events can be sent again safely."""


class ApiAccessError(PermissionError):
    """The API rejects every request because the URL or the key is wrong."""


class ApiResponse(NamedTuple):
    """The status, the decoded JSON body (None where it is not JSON) and the value of `Retry-After`."""

    status: int
    body: object
    retry_after_seconds: float = 0.0

    @property
    def is_final(self) -> bool:
        """Whether the response holds an outcome per record, or a retry would get the same response."""
        has_outcomes = isinstance(self.body, dict) and ("events" in self.body or "records" in self.body)
        return has_outcomes or (self.status != _THROTTLED and self.status < _SERVER_ERROR)


class RetryDeadline:
    """A deadline for retries, with exponential backoff between attempts."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._attempts = 0

    def pause(self, at_least_seconds: float) -> bool:
        """Wait before the next attempt; return False at once where the deadline leaves no time for it."""
        wait_seconds = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._attempts) * random.uniform(0.5, 1)  # noqa: S311
        wait_seconds = max(wait_seconds, min(at_least_seconds, LONGEST_RETRY_AFTER_SECONDS))
        self._attempts += 1
        if time.monotonic() + wait_seconds > self._deadline:
            return False
        time.sleep(wait_seconds)
        return True


class ApiClient:
    """An HTTP client with one connection to the API.

    Parameters
    ----------
    url
        The API's base URL, up to and including its stage.
    api_key
        Sent as `x-api-key`.
    timeout_seconds
        Time limit for one request with its retries.
    has_access
        Set once the API has accepted the key; shared by the clients of one replay.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout_seconds: float,
        on_retry: Callable[[], None] = lambda: None,
        has_access: threading.Event | None = None,
    ) -> None:
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"the URL is {url!r}; it must be like http://127.0.0.1:4566/v1")
        self._secure = parts.scheme == "https"
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path
        self._headers = {"x-api-key": api_key, "content-type": "application/json"}
        self.timeout_seconds = timeout_seconds
        self._has_access = has_access or threading.Event()
        self._on_retry = on_retry
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes) -> ApiResponse:
        """Post a body until the response is final.

        Raises
        ------
        ApiUnavailableError
            No final response within the time limit.
        ApiAccessError
            The key or the path is wrong. After a first success such a status is retried, since a server that is
            starting up answers the same.
        """
        deadline = RetryDeadline(self.timeout_seconds)
        while True:
            response, result = self._try(path, body)
            if response is not None:
                if response.status not in _ACCESS_ERRORS:
                    if response.is_final:
                        self._has_access.set()
                        return response
                elif not self._has_access.is_set():
                    raise ApiAccessError(
                        f"POST {self._base}{path} answered {response.status}: {_ACCESS_ERRORS[response.status]}"
                    )
            if not deadline.pause(response.retry_after_seconds if response else 0.0):
                raise ApiUnavailableError(
                    f"POST {self._base}{path} at {self._host}:{self._port} got no answer in "
                    f"{deadline.seconds:g} s (last: {result}); is the cloud up?"
                )
            self._on_retry()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _try(self, path: str, body: bytes) -> tuple[ApiResponse | None, str]:
        """Post a body once; return the response, if any, and a description of the result for error messages."""
        try:
            response = self._post_once(path, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return None, f"{type(error).__name__}: {error}"
        return response, f"status {response.status}"

    def _post_once(self, path: str, body: bytes) -> ApiResponse:
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
        return ApiResponse(response.status, decoded, _parse_retry_after(response.getheader("retry-after")))


def _parse_retry_after(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        # The header may also hold a date, which no part of this project sends.
        return 0.0
