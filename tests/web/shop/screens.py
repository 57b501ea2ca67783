"""The screens and states of the pages, and how a visitor gets to each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.web.shop.api import Api
    from tests.web.shop.site import Site


def _nothing(_api: Api) -> None:
    """Leave the API as it is."""


@dataclass(frozen=True)
class Screen:
    """A screen: its address, what the visitor does there, and what the API is like."""

    address: str
    reach: Callable[[Page], None]
    arrange: Callable[[Api], None] = _nothing

    def open(self, page: Page, site: Site) -> None:
        """Bring the page to the screen; the API stays as the screen has it."""
        self.arrange(site.api)
        page.goto("about:blank")
        page.goto(site.url + self.address)
        self.reach(page)


def change_list(page: Page) -> None:
    """Look at a product of the visitor's list, and wait until the list has changed."""
    page.locator("section", has=page.locator(".change")).get_by_role("button", name="Look").nth(3).click()
    expect(page.locator(".change")).to_contain_text("Changed")


def fill_basket(page: Page, count: int = 3) -> None:
    """Put products into the basket and open it."""
    for number in range(count):
        page.get_by_role("button", name="Add").nth(number).click()
    page.get_by_role("link", name=re.compile("^Basket")).click()
    expect(page.get_by_role("button", name="Buy now")).to_be_visible()


def _buy(page: Page) -> None:
    fill_basket(page)
    page.get_by_role("button", name="Buy now").click()
    expect(page.get_by_text("Thank you for your order")).to_be_visible()


def _choose_five(page: Page) -> None:
    for number in range(5):
        page.locator(".pick input").nth(3 * number).check()
    page.locator(".pick input").nth(1).click()
    page.get_by_role("button", name="Show suggestions").click()
    expect(page.get_by_text("These go with")).to_be_visible()


def _open_drawer(page: Page) -> None:
    change_list(page)
    page.get_by_text("What just happened").click()
    page.get_by_text("As it was sent").first.click()
    page.locator(".why summary").first.click()


def _open_visitors(page: Page) -> None:
    page.get_by_role("button", name="Visitor").click()
    expect(page.get_by_text("last interested in").first).to_be_visible()


def _see(text: str) -> Callable[[Page], None]:
    return lambda page: expect(page.get_by_text(text).first).to_be_visible()


def _remove_model(api: Api) -> None:
    api.has_model = False


def _break_all(api: Api) -> None:
    api.broken[""] = 500


SCREENS = {
    "home": Screen("/", _see("We do not know you yet")),
    "changed": Screen("/", change_list),
    "item": Screen("/#/item/item-00012", _see("Goes with this")),
    "missing": Screen("/#/item/unknown", _see("We do not have this product")),
    "cart": Screen("/", fill_basket),
    "bought": Screen("/", _buy),
    "five": Screen("/#/five", _choose_five),
    "drawer": Screen("/", _open_drawer),
    "visitors": Screen("/", _open_visitors),
    "reference": Screen("/reference.html", _see("Schemas")),
    "no-model": Screen("/", _see("We have no suggestions yet"), _remove_model),
    "broken": Screen("/", _see("We could not load"), _break_all),
}
