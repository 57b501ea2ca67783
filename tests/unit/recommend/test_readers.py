"""Whose recommendations a caller may read, wherever the request names the user."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.recommend import handler as entry
from tests.factories.lambda_events import proxy_event
from tests.fakes.functions.serving import Serving

ALL, VISITORS, WRITER = (
    {"producer": "server", "reads": "all"},
    {"producer": "page", "reads": "visitors"},
    {"producer": "page"},
)


@pytest.fixture
def _serving(monkeypatch: pytest.MonkeyPatch) -> None:
    serving = Serving()
    for user in ("session#s-1", "demonstration-1"):
        serving.add_event(user, 1_760_000_000_000 - 1, "e")
    monkeypatch.setattr(entry, "_dependencies", lambda: serving.dependencies)
    monkeypatch.setattr(entry, "_demonstration_users", lambda: frozenset({"demonstration-1"}))


def requests_of(user: str) -> list[dict[str, Any]]:
    """Return a request of each kind that names a user: in the path, the body, and the query of a filter."""
    filtered = {"filter": ["not_bought"], "user_id": [user]}
    return [
        proxy_event("GET", "/recommendations/{user_id}", pathParameters={"user_id": user.replace("#", "%23")}),
        proxy_event("GET", "/users/{user_id}/history", pathParameters={"user_id": user.replace("#", "%23")}),
        proxy_event("POST", "/rerank", {"user_id": user, "items": ["item-1"]}),
        proxy_event("GET", "/popular", multiValueQueryStringParameters=filtered),
        proxy_event(
            "GET",
            "/similar-items/{item_id}",
            pathParameters={"item_id": "item-7"},
            multiValueQueryStringParameters=filtered,
        ),
    ]


@pytest.mark.usefixtures("_serving")
@pytest.mark.parametrize(
    ("context", "user", "status"),
    [
        (ALL, "ann", 200),
        (ALL, "session#s-1", 200),
        (VISITORS, "session#s-1", 200),
        (VISITORS, "demonstration-1", 200),
        (VISITORS, "ann", 403),
        (VISITORS, "unknown", 403),
        (VISITORS, "Session#s-1", 403),
        (VISITORS, "x session#s-1", 403),
        (WRITER, "session#s-1", 403),
        (None, "session#s-1", 403),
    ],
)
@pytest.mark.parametrize("kind", range(5))
def test_a_caller_reads_the_users_of_its_role(context: dict[str, str] | None, user: str, status: int, kind: int):
    event = requests_of(user)[kind]
    answered = entry.handler({**event, "requestContext": {"requestId": "r", "authorizer": context}}, None)

    assert answered["statusCode"] == status, answered["body"]
    if status == 403:
        assert json.loads(answered["body"])["error"]["code"] == "forbidden"


@pytest.mark.usefixtures("_serving")
@pytest.mark.parametrize(("context", "status"), [(ALL, 200), (VISITORS, 200), (WRITER, 403), (None, 403)])
@pytest.mark.parametrize(
    "event",
    [proxy_event("GET", "/popular"), proxy_event("POST", "/recommendations", {"facts": {"country": "DE"}})],
    ids=lambda event: event["resource"],
)
def test_what_concerns_no_user_needs_a_role_that_reads(event: Any, context: dict[str, str] | None, status: int):
    event = {**event, "requestContext": {"requestId": "r", "authorizer": context}}

    assert entry.handler(event, None)["statusCode"] == status


def test_health_needs_no_caller(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(entry, "_dependencies", lambda: Serving().dependencies)

    assert entry.handler(proxy_event("GET", "/health", requestContext={}), None)["statusCode"] == 200
