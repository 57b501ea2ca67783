"""A client of the pipeline's HTTP API, as an application would use it."""

from __future__ import annotations

import http
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from deployment.local.demo.errors import DemoError

_TIMEOUT_SECONDS = 35  # API Gateway's own timeout is 29 s


class NotFoundError(DemoError):
    """The API does not know the user or the item."""


@dataclass(frozen=True)
class Api:
    """The key of the API and the address of its stage, without a slash at the end."""

    url: str
    key: str = field(repr=False)

    def get(self, path: str, **parameters: object) -> dict[str, Any]:
        """Send a GET request and return the JSON response; raise `DemoError` if the request fails."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        return self._call(urllib.request.Request(f"{self.url}{path}{query}"))  # noqa: S310 - our own URL

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Post JSON and return the JSON response; raises as `get` does."""
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
            body = error.read().decode(errors="replace")[:400]
            kind = NotFoundError if error.code == http.HTTPStatus.NOT_FOUND else DemoError
            raise kind(f"{request.get_method()} {request.selector} failed with {error.code}: {body}") from error
        except OSError as error:
            raise DemoError(f"{self.url} does not respond ({error}): see `make status`.") from error


def quoted(identifier: str) -> str:
    """Return an id as one segment of a path."""
    return urllib.parse.quote(identifier, safe="")
