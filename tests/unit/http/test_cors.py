"""What a page of another origin can read of an answer, and which pages a key may be sent by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from backend.http import Caller, answer, cors, routes
from tests.factories.lambda_events import proxy_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend.http import Answer, Request

SHOP, OTHER, UNLISTED = "https://shop.example", "https://other.example", "https://unlisted.example"


@pytest.fixture(autouse=True)
def _listed_origins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CORS_ORIGINS", f"{SHOP} {OTHER}")
    cors._listed_origins.cache_clear()
    yield
    cors._listed_origins.cache_clear()


def succeed(_request: Request) -> Answer:
    return answer(200, {})


def fail(_request: Request) -> Answer:
    raise ValueError


def ask(origin: str | None, context: dict[str, str] | None = None, endpoint: Any = succeed) -> Answer:
    event = proxy_event(
        "GET",
        "/",
        headers={} if origin is None else {"Origin": origin},
        requestContext={"authorizer": context} if context else {},
    )
    return routes({("GET", "/"): endpoint})(event, None)


@pytest.mark.parametrize("origin", [SHOP, OTHER])
@pytest.mark.parametrize("endpoint", [succeed, fail])
def test_a_page_of_a_listed_origin_can_read_answers_and_errors(origin: str, endpoint: Any):
    headers = ask(origin, endpoint=endpoint)["headers"]

    assert headers["Access-Control-Allow-Origin"] == origin
    assert {"Retry-After", "x-amzn-RequestId"} == set(headers["Access-Control-Expose-Headers"].split(", "))
    assert headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", [UNLISTED, SHOP + ".evil", "null", None])
def test_a_page_of_another_origin_can_not(origin: str | None):
    headers = ask(origin)["headers"]

    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Vary"] == "Origin"


def test_without_listed_origins_answers_have_no_headers_of_cors(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CORS_ORIGINS", "")
    cors._listed_origins.cache_clear()

    assert set(ask(SHOP)["headers"]) == {"Content-Type"}


def test_the_origins_of_a_key_can_read_its_answers():
    headers = ask(UNLISTED, {"producer": "page", "origins": f"https://a.example {UNLISTED}"})["headers"]

    assert headers["Access-Control-Allow-Origin"] == UNLISTED


@pytest.mark.parametrize("origin", [SHOP, None])
def test_a_key_with_origins_is_refused_to_every_other_page(origin: str | None):
    answered = ask(origin, {"producer": "page", "origins": UNLISTED})

    assert (answered["statusCode"], json.loads(answered["body"])["error"]["code"]) == (403, "origin_not_allowed")


def test_the_caller_is_that_of_the_authoriser():
    seen: list[Caller | None] = []

    def see(request: Request) -> Answer:
        seen.append(request.caller)
        return answer(200, {})

    ask(SHOP, {"producer": "page", "roles": "read train", "reads": "visitors", "origins": SHOP}, see)
    ask(SHOP, None, see)

    assert seen == [Caller("page", frozenset({"read", "train"}), "visitors", frozenset({SHOP})), None]
