"""A shop that is slow, broken, empty, without a model or full of hostile texts; by keyboard, and without movement."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.fakes.waiting import wait_until
from tests.web.shop.measures import CUT, OVERFLOW
from tests.web.shop.screens import SCREENS, change_list, fill_basket

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.web.shop.site import Site

HOSTILE = {
    "<img src=x onerror=alert(1)>": "<script>alert(1)</script><b>bold</b>",
    "../../v1/train?x=1&y=2#z%2F": "Sla/sh & per%cent \\ \"quotes\" 'and' `ticks`",
    "long-" + "x" * 251: "W" * 256,
    "rtl": "\u202eتجربة منتج שלום \u202dx",
    "__proto__": "constructor",
    "emoji-👩‍👩‍👧‍👦": "Zalgo Z̸̢͉̈́a̵l̶g̷o̸ and a family 👩‍👩‍👧‍👦",
}

SHIFT = """
window.shift = 0;
window.shifted = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        window.shift += entry.value;
        window.shifted.push(...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80)));
    }
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def _hostile(site: Site) -> None:
    products = {
        item_id: {"item_id": item_id, "title": title, "category": f"<i>{title}</i>|A&B|{title}", "brand": title}
        | {"price": 12.5, "description": title * 3, "properties": {"<u>name</u>": title}, "picture": "/\\evil.test/x"}
        for item_id, title in HOSTILE.items()
    }
    site.api.products = products | site.api.products


@pytest.mark.usefixtures("_hostile")
@pytest.mark.parametrize("item_id", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_and_ids_are_shown_as_they_are(item_id: str, page: Page, site: Site):
    page.emulate_media(reduced_motion="reduce")
    page.goto(site.url)
    card = page.locator(".grid [data-item-id]", has=page.get_by_text(HOSTILE[item_id], exact=True)).first
    card.get_by_role("button", name=re.compile("^Look")).click()
    assert wait_until(lambda: bool(site.api.stored("View")))
    # Not by the mouse, since the card may move to its new place meanwhile.
    card.get_by_role("link").evaluate("link => link.click()")

    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE[item_id])
    page.get_by_role("button", name=re.compile("^Add to the basket")).click()
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVERFLOW) == 0
        assert page.evaluate(CUT) == []
    assert wait_until(lambda: bool(site.api.stored("AddToCart")))
    assert {event["item_id"] for event in site.api.stored("View", "Click", "AddToCart")} == {item_id}
    assert site.api.door.counts["bad"] == 0
    known = re.compile("/v1/(events|products|popular|recommendations|similar-items|users)(/|$)")
    assert [path for _, path, _ in site.api.requests if not known.match(path)] == []


def test_without_a_model_the_shop_shows_its_catalogue_and_asks_again(page: Page, site: Site):
    page.clock.install()
    SCREENS["no-model"].open(page, site)
    expect(page.get_by_role("heading", name="From our catalogue")).to_be_visible()
    page.get_by_role("button", name="Look").first.click()
    page.clock.run_for(1_000)
    expect(page.locator(".change")).to_have_text("We have no suggestions yet. What you do counts as soon as we have.")
    assert wait_until(lambda: bool(site.api.stored("View")))
    site.api.has_model = True
    page.clock.run_for(16_000)

    expect(page.get_by_role("heading", name="For you")).to_be_visible()


def test_a_broken_api_is_said_and_tried_again(page: Page, site: Site):
    SCREENS["broken"].open(page, site)
    alerts = page.get_by_role("alert")
    expect(alerts).to_have_count(2)
    expect(alerts.first).to_contain_text("We could not load this list. If you ask us for help, name 5f0d3f5e")
    site.api.broken.clear()
    for _ in range(2):
        alerts.first.get_by_role("button", name="Try again").click()
        page.wait_for_timeout(100)

    expect(alerts).to_have_count(0)
    expect(page.get_by_role("heading", name="Popular right now")).to_be_visible()


@pytest.mark.parametrize("status", [0, 429])
def test_a_product_that_cannot_be_reached_is_said_and_tried_again(status: int, page: Page, site: Site):
    site.api.broken["products/"] = status
    page.goto(f"{site.url}/#/item/item-00003")
    expect(page.get_by_role("alert")).to_contain_text("We could not load this product")
    assert ("could not be reached" in page.get_by_role("alert").inner_text()) == (status == 0)
    site.api.broken.clear()
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(site.api.products["item-00003"]["title"])


@pytest.mark.parametrize("item_id", [".", "..", "%2e", "%2E.", "x" * 257])
def test_an_id_that_no_product_can_have_is_not_found(item_id: str, page: Page, site: Site):
    page.goto(f"{site.url}/#/item/{item_id}")

    expect(page.get_by_role("heading", name="We do not have this product")).to_be_visible()
    assert not [path for _, path, _ in site.api.requests if path == "/v1/" or path.endswith("/products/")]


def test_events_that_cannot_be_sent_wait_and_the_list_stays(page: Page, site: Site):
    page.goto(site.url)
    page.locator(".change + ul [data-item-id]").first.wait_for()
    site.api.broken["events"] = 503
    page.get_by_role("button", name="Look").first.click()
    page.get_by_text("What just happened").click()
    expect(page.locator(".verdict").first).to_have_text("on its way")
    site.api.broken.clear()

    expect(page.locator(".verdict").first).to_have_text("received")


def test_a_purchase_that_waits_is_said_and_changes_the_list_once_it_is_sent(page: Page, site: Site):
    page.goto(site.url)
    fill_basket(page, 1)
    site.api.broken["events"] = 503
    page.get_by_role("button", name="Buy now").click()
    change = page.locator(".change")
    expect(change).to_have_text("Your list stays as it is: what you did waits to be sent.")
    site.api.broken.clear()

    expect(change).to_contain_text("after what you did was sent")
    assert len(site.api.stored("Purchase")) == 1


def test_a_slow_api_shows_where_the_products_will_be_and_moves_nothing(page: Page, site: Site):
    page.add_init_script(SHIFT)
    site.api.is_open.clear()
    page.goto(site.url)
    expect(page.locator(".skeleton").first).to_be_visible()
    expect(page.get_by_text("Looking for products…")).to_be_visible()
    threading.Timer(0.5, site.api.is_open.set).start()
    expect(page.get_by_role("heading", name="Popular right now")).to_be_visible()
    page.locator(".change + ul [data-item-id]").first.wait_for()

    change_list(page)
    page.wait_for_timeout(600)
    assert page.evaluate("window.shift") < 0.1, page.evaluate("window.shifted")


def test_a_shop_without_products_says_so(page: Page, site: Site):
    site.api.products = {}
    page.goto(site.url)

    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    expect(page.get_by_text("There is nothing here yet.").first).to_be_visible()
    page.goto(f"{site.url}/#/elsewhere/%E0%A4%A")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.goto(f"{site.url}/#/cart")
    expect(page.get_by_text("Your basket is empty.")).to_be_visible()


def test_a_purchase_by_keyboard_alone(page: Page, site: Site):
    page.goto(site.url)
    page.locator(".change + ul [data-item-id]").first.wait_for()

    def press_until(name: str, key: str = "Tab", most: int = 60) -> None:
        for _ in range(most):
            page.keyboard.press(key)
            focused = page.evaluate("document.activeElement.textContent.trim()")
            shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert shown == "solid", focused
            if focused.startswith(name):
                return
        pytest.fail(f"the keyboard does not reach {name}")

    press_until("Skip to the content")
    page.keyboard.press("Enter")
    press_until(site.api.products["item-00000"]["title"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    press_until("Add to the basket")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is in your basket.")).to_be_attached()
    press_until("Basket", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    press_until("Buy now")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Thank you for your order")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_the_focus_stays_near_a_button_that_is_gone(page: Page, site: Site):
    page.goto(site.url)
    fill_basket(page, 2)
    for name in ("Remove", "One .* less"):
        page.get_by_role("button", name=re.compile(name)).first.press("Enter")
        expect(page.get_by_role("heading", name="Basket", exact=True)).to_be_focused()

    site.api.products = dict(list(site.api.products.items())[:30])
    page.get_by_role("link", name="Suggestions").click()
    page.locator(".pick input").first.check()
    page.get_by_role("button", name="Take out").press("Enter")
    expect(page.get_by_role("heading", name="0 of 5 products chosen")).to_be_focused()
    page.get_by_role("button", name="Show more products").press("Enter")
    expect(page.get_by_text("30 products")).to_be_visible()
    expect(page.locator(".pick input").nth(24)).to_be_focused()


def test_the_dialog_of_visitors_by_keyboard(page: Page, site: Site):
    page.goto(site.url)
    opener = page.get_by_role("button", name="Visitor")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(opener).to_be_focused()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_cards_slide_unless_the_visitor_wants_no_movement(motion, page: Page, site: Site):
    page.emulate_media(reduced_motion=motion)
    page.goto(site.url)
    page.evaluate("""() => {
        window.moves = [];
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (frames, options) {
            window.moves.push(options.duration);
            return animate.call(this, frames, options);
        };
    }""")
    change_list(page)

    assert (set(page.evaluate("window.moves")) == {420}) == (motion == "no-preference")
    running = page.evaluate("document.getAnimations().filter(each => each.playState === 'running').length")
    assert motion == "no-preference" or running == 0


def test_a_changed_program_does_not_run(page: Page, site: Site):
    def change(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + ";")

    page.route("**/assets/shop-*.js", change)
    page.goto(site.url)
    page.wait_for_load_state("networkidle")

    expect(page.get_by_text("The shop opens…")).to_be_visible()


def test_the_choice_of_colours_is_kept(page: Page, site: Site):
    page.emulate_media(color_scheme="light")
    page.goto(site.url)
    page.get_by_label("Colours").select_option("dark")
    for address in ("/", "/reference.html"):
        page.goto(site.url + address)
        page.locator("h1").first.wait_for(state="attached")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(15, 18, 23)"


@pytest.mark.parametrize(
    ("signal", "value", "why"),
    [
        ("globalPrivacyControl", "true", "Your browser asks shops not to follow you"),
        ("doNotTrack", "'1'", "Your browser asks shops not to follow you"),
        ("webdriver", "true", "A program drives this browser"),
    ],
)
def test_a_visitor_of_whom_nothing_is_sent_reads_why_from_the_start(
    signal: str, value: str, why: str, page: Page, site: Site
):
    page.add_init_script(f"Object.defineProperty(navigator, '{signal}', {{ value: {value} }})")
    page.goto(site.url)
    expect(page.locator(".change")).to_contain_text(f"This is what others like. {why}")
    page.get_by_role("button", name="Look").first.click()

    expect(page.get_by_role("heading", name="Because you looked at")).to_be_visible()
    expect(page.locator(".change")).to_contain_text(why)
    page.get_by_text("What just happened").click()
    expect(page.locator(".drawer")).to_contain_text(why)
    page.get_by_role("button", name="Visitor").click()
    expect(page.get_by_role("dialog")).to_contain_text("the shop knows nothing about you")
    assert site.api.stored() == []
