"""Two tabs of one browser, which share the visitor and the basket, and what they find in the storage."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.fakes.waiting import wait_until
from tests.web.shop.api import USERS

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.shop.site import Site

PRODUCT = {"item_id": "item-00003", "title": "A lamp", "price": 12.5}
LINE = {"product": PRODUCT, "quantity": 2}

# The storage as another tab has just left it, while the event that reports the change has not yet arrived.
LOG_OUT_UNNOTICED = """() => {
    addEventListener("storage", (event) => event.stopImmediatePropagation(), true);
    localStorage.setItem("rivulet:ids", "{}");
    localStorage.setItem("shop:visitor", "{}");
}"""


def visit(page: Page, site: Site, address: str = "/") -> Page:
    page.goto(site.url + address)
    page.locator(".change").wait_for()
    return page


def be(page: Page, user: str) -> None:
    page.get_by_role("button", name="Visitor").click()
    page.get_by_label(user).check()
    page.get_by_role("button", name="Visit as this customer").click()
    expect(page.get_by_role("heading", name=f"Welcome back, {user}")).to_be_visible()


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Visitor").click()
    page.get_by_role("button", name="Log out, as a new visitor").click()


def look(page: Page, site: Site) -> dict[str, Any]:
    """Look at a product and return the event."""
    before = len(site.api.stored("View"))
    page.get_by_role("button", name="Look").first.click()
    assert wait_until(lambda: len(site.api.stored("View")) > before)
    return site.api.stored("View")[-1]


def stored(page: Page, name: str) -> Any:
    return page.evaluate("name => JSON.parse(localStorage.getItem(name))", name)


def basket(page: Page) -> dict[str, int]:
    return {line["product"]["item_id"]: line["quantity"] for line in stored(page, "shop:basket")}


def test_a_log_in_and_a_log_out_hold_in_all_tabs(page: Page, site: Site):
    visit(page, site)
    other = visit(page.context.new_page(), site)
    be(page, USERS[0])
    expect(other.get_by_role("heading", name=f"Welcome back, {USERS[0]}")).to_be_visible()
    known = look(other, site)
    assert known["user_id"] == USERS[0]

    log_out(page)
    expect(other.get_by_role("button", name="Visitor")).to_contain_text("New visitor")
    unknown = look(other, site)
    again = look(page, site)
    assert "user_id" not in unknown
    assert "user_id" not in again
    assert unknown["session_id"] == again["session_id"] != known["session_id"]
    assert "userId" not in stored(page, "shop:visitor")
    assert stored(page, "shop:visitor")["sessionId"] == again["session_id"]


def test_an_event_before_the_tab_notices_the_log_out_is_not_the_former_users(page: Page, site: Site):
    visit(page, site)
    be(page, USERS[0])
    known = look(page, site)
    page.evaluate(LOG_OUT_UNNOTICED)
    unknown = look(page, site)

    assert known["user_id"] == USERS[0]
    assert "user_id" not in unknown
    assert stored(page, "shop:visitor") == {"sessionId": unknown["session_id"]}


def test_tabs_share_the_basket_and_buy_it_once(page: Page, site: Site):
    items = list(site.api.products)[:2]
    other = page.context.new_page()
    for tab, item in zip((page, other), items, strict=True):
        visit(tab, site, f"/#/item/{item}")
    for units, tab in enumerate((page, other), 1):
        tab.get_by_role("button", name="Add to the basket").click()
        for each in (page, other):
            expect(each.get_by_role("link", name=re.compile(f"^Basket with {units}"))).to_be_visible()
    assert basket(page) == dict.fromkeys(items, 1)

    for tab in (page, other):
        tab.get_by_role("link", name=re.compile("^Basket")).click()
    page.get_by_role("button", name="Buy now").click()
    expect(other.get_by_text("Your basket is empty.")).to_be_visible()
    expect(page.get_by_text("Thank you for your order")).to_be_visible()
    assert wait_until(lambda: len(site.api.stored("Purchase")) >= len(items))
    assert [event["item_id"] for event in site.api.stored("Purchase")] == items


def test_buying_twice_in_one_task_is_one_order(page: Page, site: Site):
    page.add_init_script(f"localStorage.setItem('shop:basket', {json.dumps(json.dumps([LINE]))})")
    visit(page, site, "/#/cart")
    page.get_by_role("button", name="Buy now").evaluate("button => { button.click(); button.click(); }")

    expect(page.get_by_role("listitem").filter(has_text=re.compile("^2 . A lamp$"))).to_be_visible()
    assert wait_until(lambda: bool(site.api.stored("Purchase")))
    assert len(site.api.stored("Purchase")) == 1


@pytest.mark.parametrize(
    "rubbish",
    [
        "{",
        *({}, 5, "x", True, [None]),
        [{"product": None, "quantity": 1}],
        *([LINE | {"quantity": quantity}] for quantity in (-1, 0, 1.5, "2", 100)),
        [LINE | {"product": PRODUCT | {"price": "12.50"}}],
        [LINE | {"product": PRODUCT | {"title": {}}}],
        [LINE | {"product": PRODUCT | {"item_id": "\ud800"}}],
    ],
    ids=range(15),
)
def test_a_stored_basket_that_is_no_basket_is_left_out(rubbish: Any, page: Page, site: Site):
    text = rubbish if rubbish == "{" else json.dumps(rubbish)
    page.add_init_script(f"localStorage.setItem('shop:basket', {json.dumps(text)})")
    visit(page, site, "/#/cart")

    expect(page.get_by_text("Your basket is empty.")).to_be_visible()


def test_bad_lines_of_a_stored_basket_and_a_bad_visitor_are_left_out(page: Page, site: Site):
    page.goto(site.url)
    page.evaluate("text => localStorage.setItem('shop:basket', text)", json.dumps([None, LINE, LINE]))
    page.evaluate("localStorage.setItem('shop:visitor', '{\"userId\": {}, \"sessionId\": 5}')")
    page.reload()
    page.get_by_role("link", name=re.compile("^Basket with 2")).click()
    page.get_by_role("button", name="One more A lamp").click()

    expect(page.get_by_role("link", name=re.compile("^Basket with 3"))).to_be_visible()
    assert basket(page) == {"item-00003": 3}
