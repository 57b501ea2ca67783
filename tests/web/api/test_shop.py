"""The shop on the laptop's cloud: the real distribution, API and pipeline, and the recommender once it is trained."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from deployment.local.demo.api import NotFoundError, quoted
from deployment.local.provision import upload_pages
from deployment.package.pages import build_pages
from tests.fakes.waiting import wait_until
from tests.web.shop.site import WATCH

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.end_to_end.pipeline import Pipeline

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def shop_url(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the shop, with the pages as they are built now and a product of this test."""
    folder = tmp_path_factory.mktemp("pages")
    build_pages(ROOT, folder)
    upload_pages(pipeline.cloud, pipeline.made, folder)
    return pipeline.cloud.shop_url


def test_what_a_visitor_does_reaches_the_history_and_the_page_shows_what_follows(
    pipeline: Pipeline, shop_url: str, browser: Browser
):
    product = {"item_id": f"shop-{uuid.uuid4().hex}", "title": "Lamp of the shop", "category": "Home|Lighting|Lamp"}
    pipeline.api.post("/update-data", {"kind": "items", "records": [product]})
    with browser.new_context() as context:
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(f"{shop_url}#/item/{product['item_id']}")
        expect(page.get_by_role("heading", level=1)).to_have_text(product["title"])
        page.get_by_role("button", name="Add to the basket").click()
        # The same list where there is no recommender.
        expect(page.locator(".change")).to_contain_text("put Lamp of the shop into the basket")
        page.get_by_text("What just happened").click()
        expect(page.locator(".verdict.accepted")).not_to_have_count(0)
        assert page.locator(".verdict:is(.refused, .dropped)").count() == 0
        assert page.evaluate("window.problems") == []
        session = json.loads(page.evaluate("localStorage.getItem('shop:visitor')"))["sessionId"]

    def history() -> list[tuple[str, str]]:
        try:
            events = pipeline.api.get(f"/users/{quoted(f'session#{session}')}/history")["events"]
        except NotFoundError:
            return []
        return [(event["event_type"], event["item_id"]) for event in events]

    wanted = {("View", product["item_id"]), ("AddToCart", product["item_id"])}
    assert wait_until(lambda: wanted <= {*history()}, 60, lambda: str(history()))
