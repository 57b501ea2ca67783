"""Requests to the API as bytes, each with its row in the tables and the status that it must have."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from tests.load.engine.http_load import get, post

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes
    ----------
    route
        Method and path as in the OpenAPI document, and what is special about the request.
    events
        Id and type of each event in it.
    """

    route: str
    content: bytes = field(repr=False)
    status: int = HTTPStatus.OK
    events: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RequestBuilder:
    """Builds requests to the API at an address of this machine.

    Parameters
    ----------
    url
        The API's base URL with its stage.
    """

    url: str
    key: str = field(repr=False)

    @property
    def port(self) -> int:
        """The port of the API."""
        return urlsplit(self.url).port or 80

    def get(
        self,
        template: str,
        *names: str,
        query: Mapping[str, object] | None = None,
        note: str = "",
        status: int = HTTPStatus.OK,
    ) -> Request:
        """Return a GET request; `names` replace the parts of the path that are in braces."""
        path = self._path(template, names) + (f"?{urlencode(query)}" if query else "")
        return Request(_route("GET", template, note), get(path, f"x-api-key: {self.key}\r\n"), status)

    def post(self, template: str, body: object, *, note: str = "", status: int = HTTPStatus.OK) -> Request:
        """Return a POST request."""
        headers = f"Content-Type: application/json\r\nx-api-key: {self.key}\r\n"
        content = post(self._path(template, ()), json.dumps(body).encode(), headers)
        return Request(_route("POST", template, note), content, status)

    def post_events(self, events: Iterable[Mapping[str, object]], *, note: str = "") -> Request:
        """Return a POST of events, each of which has an id."""
        batch = list(events)
        request = self.post("/events", batch, note=note, status=HTTPStatus.ACCEPTED)
        return replace(request, events=tuple((str(event["event_id"]), str(event["event_type"])) for event in batch))

    def _path(self, template: str, names: Iterable[str]) -> str:
        parts = template.split("/")
        given = iter(names)
        filled = [quote(next(given), safe="") if part.startswith("{") else part for part in parts]
        return urlsplit(self.url).path + "/".join(filled)


def _route(method: str, template: str, note: str) -> str:
    return f"{method} {template}" + (f", {note}" if note else "")
