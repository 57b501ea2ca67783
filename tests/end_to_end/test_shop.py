"""The shop's origin has the pages and the listed part of the API, and nothing of the rest."""

from __future__ import annotations

import http.client
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from backend.contract.access.roles import ROUTES
from deployment.pages.upload import upload

if TYPE_CHECKING:
    from pathlib import Path

SERVED = {
    "GET /categories",
    "GET /executions/{id}",
    "GET /health",
    "GET /popular",
    "GET /products",
    "GET /products/{item_id}",
    "GET /recommendations/{user_id}",
    "GET /similar-items/{item_id}",
    "GET /users/{user_id}/history",
    "POST /events",
    "POST /recommendations",
    "POST /rerank",
}
FORBIDDEN = sorted(set(ROUTES) - SERVED)

VISITOR = "session%23shop-1"

# Other spellings of forbidden paths, and of paths that only look like those that are served.
SPELLINGS = (
    *("/v1", "/v1/", "/V1/models", "/v1//models", "//v1/models", "/v1/%6dodels", "/v1/models/"),
    *("/v1/popular/../models", "/v1/popular/%2e%2e/models", "/v1/products/..%2fmodels", "/v1/products/%2e%2e/train"),
    *(
        "/v1/popularx",
        "/v1/popular/x",
        "/v1/events/x",
        "/v1/executions",
        "/v1/health/x",
        "/_aws/execute-api/x/v1/models",
    ),
)


class Shop:
    """The shop's address, as a browser asks it."""

    def __init__(self, url: str, name: str | None = None) -> None:
        self.address, self.name = urlsplit(url), name

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection(str(self.address.hostname), self.address.port, timeout=60)
        sent = headers | ({} if self.name is None else {"Host": self.name})
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def reaches_the_api(self, method: str, path: str, body: Any = None, **headers: str) -> bool:
        """Return whether the API answered: errors of CloudFront and of the bucket are HTML and XML."""
        return "application/json" in (self.ask(method, path, body, **headers)[1]["Content-Type"] or "")


@pytest.fixture(scope="module")
def shop(pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder: Path = tmp_path_factory.mktemp("pages")
    (folder / "assets").mkdir()
    (folder / "assets" / "shop-0123abcd.js").write_text("export {};\n")
    (folder / "index.html").write_text("<!doctype html><title>Shop</title>\n")
    upload(pipeline.cloud.client("s3"), pipeline.made["pages"]["bucket"], folder)
    return Shop(pipeline.cloud.shop_url)


def filled(route: str) -> tuple[str, str]:
    method, path = route.split(" ")
    return method, "/v1" + re.sub(r"{\w+}", VISITOR, path)


@pytest.mark.parametrize("route", sorted(SERVED & set(ROUTES)))
def test_a_listed_route_answers_without_a_key(shop: Shop, route: str) -> None:
    method, path = filled(route)

    status, headers, _ = shop.ask(method, path, {} if method == "POST" else None)

    assert "application/json" in headers["Content-Type"]
    assert status not in {401, 403}


@pytest.mark.parametrize("route", FORBIDDEN)
def test_a_route_that_is_not_listed_is_answered_by_no_api(pipeline: Any, shop: Shop, route: str) -> None:
    method, path = filled(route)

    for asked in {method, "GET", "POST"}:
        status, headers, _ = shop.ask(asked, path, {} if asked == "POST" else None, **{"x-api-key": pipeline.api.key})
        expected = (404 if asked == "GET" else 403, False)
        assert (status, "application/json" in headers["Content-Type"]) == expected, asked


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_a_path_reaches_more(pipeline: Any, shop: Shop, path: str) -> None:
    status, _, content = shop.ask("GET", path, **{"x-api-key": pipeline.api.key})

    assert status in {400, 403, 404}
    assert b'"models"' not in content


@pytest.mark.parametrize("path", ["/v1/popular", "/v1/health", f"/v1/recommendations/{VISITOR}", "/v1/products"])
def test_cloudfront_refuses_to_write_where_only_reading_is_listed(shop: Shop, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert not shop.reaches_the_api(method, path, {})
    assert shop.ask("PUT", "/v1/events", [])[0] == 404


def test_a_visitor_cannot_use_another_key(pipeline: Any, shop: Shop) -> None:
    status, _, content = shop.ask("GET", "/v1/recommendations/user-000001", **{"x-api-key": pipeline.api.key})

    assert (status, json.loads(content)["error"]["code"]) == (403, "forbidden")


def test_a_pages_event_is_accepted_as_that_of_a_page(shop: Shop) -> None:
    event = {"event_type": "View", "timestamp": datetime.now(UTC).isoformat(), "session_id": "shop-1", "item_id": "i-1"}

    status, _, content = shop.ask("POST", "/v1/events", [event], Origin="https://shop.example")

    assert (status, json.loads(content)["accepted"]) == (202, 1)


def test_the_pages_are_served_with_their_headers(shop: Shop) -> None:
    status, headers, content = shop.ask("GET", "/")
    assert (status, content) == (200, b"<!doctype html><title>Shop</title>\n")
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "trusted-types 'none'", "require-trusted-types-for 'script'"} <= set(policy)
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
    assert (headers["Cache-Control"], headers["Server"]) == ("no-cache", None)

    status, headers, _ = shop.ask("GET", "/assets/shop-0123abcd.js")
    assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert "immutable" in headers["Cache-Control"]


def test_the_settings_of_the_pages_name_no_key(pipeline: Any, shop: Shop) -> None:
    status, headers, content = shop.ask("GET", "/config.json")

    settings = json.loads(content)
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    assert (settings["api"], settings["environment"]) == ("/v1", "local")
    assert settings.keys() == {"api", "environment", "demonstration_users"}
    assert "user-000001" not in settings["demonstration_users"]


@pytest.mark.parametrize(
    "path", ["/absent", "/absent.html", "/shop/", "/index.html/", "/reference.htm/x", "/v1/models"]
)
def test_a_mistyped_address_has_a_page_that_leads_to_the_shop(shop: Shop, path: str) -> None:
    status, headers, content = shop.ask("GET", path)

    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (404, "text/html; charset=utf-8", "no-cache")
    assert b'<a href="/">' in content
    of_a_page = shop.ask("GET", "/")[1]
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
        assert headers[name] == of_a_page[name]


def test_the_bucket_is_closed_and_lists_nothing(pipeline: Any, shop: Shop) -> None:
    assert shop.ask("GET", "/absent.txt")[0] == 403
    bucket = pipeline.made["pages"]["bucket"]
    for path in (f"/{bucket}/index.html", f"/{bucket}"):
        assert Shop(pipeline.cloud.endpoint).ask("GET", path)[0] == 403


@pytest.mark.parametrize("path", ["/", "/v1/recommendations/user-000001", "/v1/models", "/absent"])
def test_the_address_and_the_name_of_the_distribution_answer_alike(pipeline: Any, shop: Shop, path: str) -> None:
    by_name = Shop(pipeline.cloud.endpoint, pipeline.made["pages"]["domain_name"])
    of_one_answer = {"date", "via", "x-amz-cf-id", "x-amz-cf-pop", "x-amzn-requestid", "x-amz-request-id"}

    answers = []
    for each in (shop, by_name):
        status, headers, _ = each.ask("GET", path)
        answers.append(
            (status, {key.lower(): text for key, text in headers.items() if key.lower() not in of_one_answer})
        )

    assert answers[0] == answers[1]
