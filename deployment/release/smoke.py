"""Asks a deployed API for its health, posts an event and gets recommendations."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deployment.release.environment import ReleaseError

# The user and item of the smoke test. They are stored as any others, so they are the same in every test.
USER, ITEM = "rivulet-smoke-test", "rivulet-smoke-test"
_TIMEOUT_SECONDS = 35  # API Gateway's own is 29 s


@dataclass(frozen=True)
class Api:
    """The base URL of an API and its key."""

    url: str
    key: str = field(repr=False)

    def call(self, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Send a GET, or a POST of a body, and return status and JSON of the response."""
        if urllib.parse.urlsplit(self.url).scheme not in {"http", "https"}:
            raise ReleaseError(f"{self.url} is not the URL of an API")
        headers = {"Content-Type": "application/json", "x-api-key": self.key}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)  # noqa: S310 - the scheme is checked
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                return error.code, json.loads(text)
            except ValueError:
                return error.code, {"text": text[:300]}
        except (OSError, ValueError) as error:
            raise ReleaseError(f"{self.url}{path} does not answer: {error}") from error


def smoke(api: Api) -> list[str]:
    """Check an API and return a line for each check; `ReleaseError` with the response of the first that fails.

    Recommendations may be missing only while no campaign has answered yet, as in a new environment.
    """
    health = _expect(api, "/health", 200)
    if health.get("status") != "ready":
        raise ReleaseError(f"GET /health is {json.dumps(health)}")
    lines = ["GET /health: ready"]
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {"event_type": "View", "timestamp": moment, "user_id": USER, "session_id": USER, "item_id": ITEM}
    accepted = _expect(api, "/events", 202, [event])
    if accepted.get("accepted") != 1:
        raise ReleaseError(f"POST /events answered {json.dumps(accepted)}")
    lines.append("POST /events: accepted")
    is_new = health["dependencies"]["recommender"].get("status") == "unasked"
    status, popular = api.call("/popular")
    if status == 503 and is_new:
        return [*lines, "GET /popular: no campaign has answered yet"]
    if status != 200 or not popular.get("items"):
        raise ReleaseError(f"GET /popular answered {status} {json.dumps(popular)}")
    return [*lines, f"GET /popular: {len(popular['items'])} items from {popular['source']}"]


def _expect(api: Api, path: str, expected: int, body: object = None) -> dict[str, Any]:
    status, answer = api.call(path, body)
    if status != expected:
        raise ReleaseError(f"{'GET' if body is None else 'POST'} {path} answered {status} {json.dumps(answer)}")
    return answer
