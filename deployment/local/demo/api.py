"""The pipeline's own HTTP API, as an application would call it."""

from __future__ import annotations

import http
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from deployment.local.demo.failure import DemoError

_TIMEOUT_SECONDS = 35  # API Gateway gives up after 29 s


class NotKnown(DemoError):  # noqa: N818 - named for what is wrong
    """The API knows nobody, or nothing, of that id."""


@dataclass(frozen=True)
class Api:
    """Where the API answers, and with which key.

    Parameters
    ----------
    url
        Address of the stage, without a slash at its end.
    key
        Sent as `x-api-key`.
    """

    url: str
    key: str = field(repr=False)

    def get(self, path: str, **parameters: object) -> dict[str, Any]:
        """Ask and return the JSON answer.

        Raises
        ------
        DemoError
            If the answer is no success.
        """
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        return self._call(urllib.request.Request(f"{self.url}{path}{query}"))  # noqa: S310 - our own URL

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Post JSON and return the JSON answer; raises as `get` does."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return self._call(urllib.request.Request(f"{self.url}{path}", data, headers))  # noqa: S310 - our own URL

    def _call(self, request: urllib.request.Request) -> dict[str, Any]:
        request.add_header("x-api-key", self.key)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - our own URL
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:400]
            kind = NotKnown if error.code == http.HTTPStatus.NOT_FOUND else DemoError
            raise kind(f"{request.get_method()} {request.selector} was answered with {error.code}: {said}") from error
        except OSError as error:
            raise DemoError(f"{self.url} does not answer ({error}): is the cloud up? `make status` tells.") from error


def quoted(identifier: str) -> str:
    """Return an id as one segment of a path."""
    return urllib.parse.quote(identifier, safe="")
