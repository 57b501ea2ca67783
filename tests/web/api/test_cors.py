"""What pages of other origins can send to the API and read of its answers, in Chromium."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.emulator.durability import read_stream
from tests.fakes.waiting import wait_until
from tests.web.origins import LISTED, OTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.end_to_end.pipeline import Pipeline

FETCH = """
async ([url, options, size]) => {
    if (size) options.body = "x".repeat(size);
    try {
        const answer = await fetch(url, options);
        const header = name => answer.headers.get(name);
        return {
            status: answer.status, body: await answer.json(),
            retryAfter: header("Retry-After"), requestId: header("x-amzn-RequestId"),
        };
    } catch (error) { return {error: error.name}; }
}
"""
BEACON = "([url, text]) => navigator.sendBeacon(url, text)"
UNREADABLE = {"error": "TypeError"}


def event(**changes: str) -> dict[str, str]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"event_type": "View", "timestamp": now, "session_id": "s-web", "item_id": "i-web", **changes}


def fetch(page: Page, url: str, *, size: int = 0, **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = page.evaluate(FETCH, [url, options, size])
    return answer


def posted(key: str, body: str) -> dict[str, Any]:
    return {"method": "POST", "headers": {"x-api-key": key, "content-type": "application/json"}, "body": body}


@pytest.fixture(scope="module")
def make_key(pipeline: Pipeline) -> Callable[..., str]:
    def make(*roles: Any, producer: Any = "page", origins: tuple[str, ...] = ()) -> str:
        given: Any = roles or ("events:write",)
        return pipeline.keys.create(f"web-{uuid.uuid4().hex[:8]}", given, producer, origins)

    return make


@pytest.fixture(scope="module")
def key(make_key: Callable[..., str]) -> str:
    return make_key()


DENIED = (
    '{"event_type": "View", "timestamp": "2026-01-31T12:00:00Z", "user_id": "u", "item_id": "i", "consent": "denied"}'
)


def test_a_page_of_a_listed_origin_reads_verdicts_after_a_preflight(pipeline: Pipeline, page: Page, key: str):
    answer = fetch(page, f"{pipeline.api.url}/events", **posted(key, DENIED))

    assert (answer["status"], answer["body"]["suppressed"]) == (202, 1)
    assert answer["requestId"] == answer["body"]["request_id"]
    assert abs(datetime.fromisoformat(answer["body"]["server_time"]) - datetime.now(UTC)).total_seconds() < 60


@pytest.mark.parametrize(
    ("path", "options", "status", "code"),
    [
        ("/events", {"method": "POST", "headers": {"x-api-key": "KEY"}, "body": "[]"}, 400, None),
        ("/events", {"method": "POST", "headers": {"x-api-key": "unknown"}, "body": "[]"}, 403, "forbidden"),
        ("/events", {"method": "POST", "body": "[]"}, 401, "unauthorized"),
        ("/popular", {"headers": {"x-api-key": "KEY"}}, 403, "forbidden"),
        ("/nowhere", {}, 404, "not_found"),
        ("/e", {"method": "POST", "body": "[]"}, 401, "unauthorized"),
    ],
)
def test_it_reads_errors_of_the_functions_and_of_the_gateway(
    pipeline: Pipeline, page: Page, key: str, path: str, options: dict[str, Any], status: int, code: str | None
):
    headers = {name: value.replace("KEY", key) for name, value in options.get("headers", {}).items()}
    answer = fetch(page, pipeline.api.url + path, **options | {"headers": headers})

    assert answer["status"] == status, answer
    assert code is None or answer["body"]["error"]["code"] == code
    assert answer["requestId"] == answer["body"]["request_id"]


def test_it_reads_that_a_body_is_too_large(pipeline: Pipeline, page: Page, key: str):
    for size in (2 * 1024 * 1024, 11 * 1024 * 1024):
        answer = fetch(page, f"{pipeline.api.url}/e?key={key}", method="POST", size=size)
        assert (answer["status"], answer["body"]["error"]["code"]) == (413, "too_large")


@pytest.fixture
def _throttled(pipeline: Pipeline) -> Iterator[None]:
    """The stage lets no request through to `GET /health`."""
    gateway = pipeline.cloud.client("apigateway")
    stage = {"restApiId": pipeline.made["api_id"], "stageName": pipeline.made["api_stage"]}
    limits = {"/~1health/GET/throttling/rateLimit": "0", "/~1health/GET/throttling/burstLimit": "0"}
    gateway.update_stage(
        **stage, patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in limits.items()]
    )
    yield
    gateway.update_stage(**stage, patchOperations=[{"op": "remove", "path": "/~1health/GET"}])


@pytest.mark.usefixtures("_throttled")
def test_it_reads_when_to_retry(pipeline: Pipeline, page: Page):
    answer = fetch(page, f"{pipeline.api.url}/health")

    assert (answer["status"], answer["retryAfter"]) == (429, "1")


def test_a_page_of_another_origin_sends_nothing_with_a_header_and_reads_nothing(
    pipeline: Pipeline, other_page: Page, key: str
):
    assert fetch(other_page, f"{pipeline.api.url}/events", **posted(key, DENIED)) == UNREADABLE
    assert fetch(other_page, f"{pipeline.api.url}/health") == UNREADABLE
    assert fetch(other_page, f"{pipeline.api.url}/e?key={key}", method="POST", body=DENIED) == UNREADABLE


def test_the_pages_of_a_key_send_events_without_a_preflight_and_read_verdicts(
    pipeline: Pipeline, page: Page, other_page: Page, make_key: Callable[..., str]
):
    url = f"{pipeline.api.url}/e?key={make_key(origins=(OTHER,))}"

    # The preflight of an origin that only a key names would fail.
    answer = fetch(other_page, url, method="POST", body=DENIED)
    assert (answer["status"], answer["body"]["suppressed"]) == (202, 1)
    assert fetch(page, url, method="POST", body=DENIED)["status"] == 403


@pytest.mark.parametrize("origins", [(), (LISTED,)])
def test_events_of_a_beacon_arrive(
    pipeline: Pipeline, page: Page, make_key: Callable[..., str], origins: tuple[str, ...]
):

    event_id = uuid.uuid4().hex
    url = f"{pipeline.api.url}/e?key={make_key(origins=origins)}"

    assert page.evaluate(BEACON, [url, json.dumps([event(event_id=event_id)])]) is True

    stream = pipeline.made["stream_name"]
    assert wait_until(
        lambda: any(event_id.encode() in data for data in read_stream(pipeline.cloud.client("kinesis"), stream)), 20
    )
