"""The calls of the canary: health, an event that is stored nowhere, recommendations."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

CALL_SECONDS = 10
"""How long the canary waits for an answer; callers wait for less."""

NAME = "rivulet-canary"


class ProbeError(Exception):
    """The API did not answer as it must; the message has the call and the answer."""


@dataclass(frozen=True)
class Api:
    """The base URL of the API and the canary's key."""

    url: str
    key: str = field(repr=False)

    def call(self, path: str, body: object = None) -> tuple[int, Any]:
        """Send a GET, or a POST of a body, and return status and JSON of the answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "x-api-key": self.key}
        request = urllib.request.Request(self.url + path, data, headers)  # noqa: S310 - Terraform sets the URL
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:  # noqa: S310 - as above
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read(300).decode(errors="replace")
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ProbeError(f"{path} does not answer: {error}") from error


def probe(api: Api, now: datetime, *, asks_recommendations: bool) -> None:
    """Call the API; `ProbeError` on the first wrong answer.

    The event denies consent, so it is validated and counted, and stored nowhere: not in a data set, not in a model.
    """
    _expect(api, "/health", 200)
    event = {
        "event_type": "View",
        "timestamp": now.isoformat(timespec="milliseconds"),
        "user_id": NAME,
        "session_id": NAME,
        "item_id": NAME,
        "consent": "denied",
    }
    answer = _expect(api, "/events", 202, [event])
    if not isinstance(answer, dict) or answer.get("suppressed") != 1:
        raise ProbeError(f"POST /events answered {json.dumps(answer)[:300]}, not that the event is suppressed")
    if asks_recommendations:
        answer = _expect(api, "/popular", 200)
        if not isinstance(answer, dict) or not answer.get("items"):
            raise ProbeError(f"GET /popular answered {json.dumps(answer)[:300]}, without an item")


def _expect(api: Api, path: str, expected: int, body: object = None) -> Any:
    status, answer = api.call(path, body)
    if status != expected:
        method = "GET" if body is None else "POST"
        raise ProbeError(f"{method} {path} answered {status}, not {expected}: {json.dumps(answer)[:300]}")
    return answer
