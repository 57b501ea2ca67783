"""The table of roles and routes, asked of the running API; keys that are made, rotated and revoked while it runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from backend.contract.access.roles import ROLES, ROUTES
from tests.end_to_end.pipeline import read_until

if TYPE_CHECKING:
    from tests.end_to_end.pipeline import Pipeline

# Nothing is stored and no training starts: the event denies consent, the other bodies are refused.
EVENT = {"event_type": "View", "timestamp": "2026-01-31T12:00:00Z", "user_id": "u", "item_id": "i", "consent": "denied"}
BODIES: dict[str, Any] = {
    "POST /events": EVENT,
    "POST /e": EVENT,
    "POST /uploads": {},
    "POST /update-data": {},
    "POST /recommendations": {},
    "POST /rerank": {},
    "POST /train": {"x": 1},
}
# Without a trained model there are no recommendations: 503 of the function, whose message is not the gateway's.
ALLOWED = {200, 202, 400, 404, 503}


def ask(url: str, route: str, key: str | None, **headers: str) -> tuple[int, Any]:
    """Send a request to a route, with the key where the route has it, and return the status and the JSON."""
    method, path = route.split(" ")
    path = path.replace("{user_id}", "session%23absent").replace("{item_id}", "none").replace("{id}", "1f" * 16)
    if key is not None and ROUTES[route].credential == "query":
        path += f"?key={key}"
    elif key is not None:
        headers["x-api-key"] = key
    data = json.dumps(BODIES[route]).encode() if route in BODIES else None
    request = urllib.request.Request(url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture(scope="module")
def keys(pipeline: Pipeline) -> dict[tuple[str, str], str]:
    """A key of each role, of a server and, where a page can have it, of a page."""
    made: dict[tuple[str, str], str] = {}
    for role in ROLES:
        for producer in ("server", "page"):
            if producer == "server" or role in {"events:write", "read:visitor"}:
                name = f"test-{role.replace(':', '-')}-{producer}"
                made[role, producer] = pipeline.keys.create(name, [role], producer)
    return made


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ROUTES)
def test_a_role_may_call_the_routes_of_the_table_and_no_other(pipeline, keys, role, route):
    access = ROUTES[route]
    for producer in ("server", "page"):
        if (role, producer) in keys:
            status, body = ask(pipeline.api.url, route, keys[role, producer])
            allowed = not access.roles or (role in access.roles and producer in access.producers)
            assert status in (ALLOWED if allowed else {403}), (producer, status, body)
            assert "verified" not in str(body)


@pytest.mark.parametrize("route", ROUTES)
def test_without_a_key_or_with_an_unknown_one_only_health_answers(pipeline, route):
    expected = (200, 200) if route == "GET /health" else (401, 403)

    assert (ask(pipeline.api.url, route, None)[0], ask(pipeline.api.url, route, "unknown")[0]) == expected


def test_events_of_a_page_are_accepted_whatever_their_content_type(pipeline, keys):
    key = keys["events:write", "page"]
    for kind in ("text/plain;charset=UTF-8", "application/octet-stream", "application/json"):
        status, answer = ask(pipeline.api.url, "POST /e", key, **{"content-type": kind})
        assert (status, answer["suppressed"]) == (202, 1)
        assert answer["server_time"].endswith("Z")


def test_a_key_with_origins_is_accepted_of_their_pages_only(pipeline):
    key = pipeline.keys.create("test-origins", ["events:write"], "page", ["https://shop.example"])

    assert ask(pipeline.api.url, "POST /e", key, origin="https://shop.example")[0] == 202
    assert ask(pipeline.api.url, "POST /e", key, origin="https://other.example")[0] == 403
    assert ask(pipeline.api.url, "POST /e", key)[1]["error"]["code"] == "origin_not_allowed"


def test_a_request_with_several_keys_switches_none_of_them_off(pipeline):
    key = pipeline.keys.create("test-several", ["events:write"], "page")

    assert [ask(pipeline.api.url, "POST /e", both)[0] for both in (f"{key}&key=x", f"x&key={key}")] == [401, 401]
    assert ask(pipeline.api.url, "POST /e", key)[0] == 202


def test_the_route_of_pages_says_that_a_key_is_a_servers(pipeline):
    key = pipeline.keys.create("test-server", ["events:write"])

    status, answer = ask(pipeline.api.url, "POST /e", key)
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert "is a server's, and POST /e takes the key of a page" in answer["error"]["message"]


def test_a_key_of_a_role_that_reads_visitors_reads_no_user(pipeline, keys):
    key = keys["read:visitor", "page"]
    request = urllib.request.Request(pipeline.api.url + "/recommendations/user-000001", headers={"x-api-key": key})

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    assert (caught.value.code, json.load(caught.value)["error"]["code"]) == (403, "forbidden")


def test_both_keys_of_a_rotated_name_work_and_a_revoked_one_stops(pipeline):
    def status(key: str) -> int:
        return ask(pipeline.api.url, "POST /events", key)[0]

    old = pipeline.keys.create("test-rotated", ["events:write"])
    assert status(old) == 202
    new, _ = pipeline.keys.rotate("test-rotated", timedelta(days=1))
    assert [read_until(lambda: status(new), 202), status(old)] == [202, 202]
