"""What visitors do in the shop, from start to end: the events that follow, and the lists that change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.fakes.waiting import wait_until
from tests.web.shop.api import USERS

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Route

    from tests.web.shop.site import Site


FOCUSED = """() => {
    const focused = document.activeElement;
    return [focused.closest("[data-item-id]").dataset.itemId, focused.textContent];
}"""


def for_you(page: Page) -> Locator:
    return page.locator("section", has=page.locator(".change"))


def ids(row: Locator) -> list[str]:
    found: list[str] = row.locator("[data-item-id]").evaluate_all("cards => cards.map(card => card.dataset.itemId)")
    return found


def open_home(page: Page, site: Site) -> Locator:
    page.goto(site.url)
    row = for_you(page)
    row.locator("[data-item-id]").first.wait_for()
    return row


def test_a_look_changes_the_list_in_front_of_the_visitor(page: Page, site: Site):
    row = open_home(page, site)
    expect(row.get_by_role("heading", level=2)).to_have_text("Popular right now")
    before = ids(row)
    look = row.get_by_role("button", name="Look").nth(3)
    look.click()

    expect(row.locator(".change")).to_contain_text(re.compile(r"Changed [\d.]+ m?s after you looked at .+: \d+ new"))
    expect(row.get_by_role("heading", level=2)).to_have_text("For you")
    after = ids(row)
    assert before[3] not in after
    assert before[:3] != after[:3]
    for item_id, card in zip(after, row.locator("[data-item-id]").all(), strict=True):
        tag = card.locator(".tag")
        if item_id not in before:
            expect(tag).to_have_text("new")
        elif before.index(item_id) != after.index(item_id):
            moved = before.index(item_id) - after.index(item_id)
            expect(tag).to_have_text(f"{'▲' if moved > 0 else '▼'} {abs(moved)} places {'up' if moved > 0 else 'down'}")
    looked_at = site.api.products[before[3]]["title"]
    expect(row.locator(".why summary").first).to_contain_text(f"You looked at {looked_at}")
    # Its card has left the list: the focus is on the same button of the card that is now in its place.
    assert page.evaluate(FOCUSED) == [after[3], f"Look at {site.api.products[after[3]]['title']}"]
    because = page.get_by_role("heading", name=re.compile("Because you looked at"))
    expect(because).to_be_visible()


def test_the_focus_moves_with_its_card(page: Page, site: Site):
    row = open_home(page, site)
    look = row.get_by_role("button", name="Look")
    moving = ids(row)[2]
    look.nth(2).focus()
    look.nth(3).evaluate("button => button.click()")
    expect(row.locator(".change")).to_contain_text("Changed")

    assert moving in ids(row)
    assert page.evaluate(FOCUSED)[0] == moving


def test_every_step_is_an_event_with_the_list_it_came_from(page: Page, site: Site):
    row = open_home(page, site)
    item = ids(row)[2]
    row.get_by_role("link").nth(2).click()
    expect(page).to_have_url(re.compile(rf"#/item/{item}$"))
    page.get_by_role("button", name="Add to the basket").click()
    page.get_by_role("link", name="Basket").click()
    page.get_by_role("button", name="Buy now").click()
    expect(page.get_by_text("Thank you for your order")).to_be_visible()

    assert wait_until(lambda: bool(site.api.stored("Purchase")))
    (click,) = site.api.stored("Click")
    (view,) = site.api.stored("View")
    (added,) = site.api.stored("AddToCart")
    (bought,) = site.api.stored("Purchase")
    price = site.api.products[item]["price"]
    assert (click["item_id"], click["position"], click["slot"]) == (item, 3, "for-you")
    assert {view["item_id"], added["item_id"], bought["item_id"]} == {item}
    for event in (click, added, bought):
        assert event["recommendation_id"].startswith("RID-")
        assert event["source"] == "recommender"
    assert (bought["event_value"], bought["currency"], bought["quantity"]) == (price, "EUR", 1)
    assert bought["order_id"].startswith("o-")
    assert site.api.door.counts["bad"] == 0


def test_what_was_seen_is_an_impression_with_places(page: Page, site: Site):
    row = open_home(page, site)
    shown = ids(row)

    assert wait_until(lambda: bool(site.api.stored("Impression")))
    seen = [event for event in site.api.stored("Impression") if event["slot"] == "for-you"]
    places = [place for event in seen for place in event["positions"]]
    assert [shown[place - 1] for place in places] == [item for event in seen for item in event["impression"]]
    assert all(event["recommendation_id"] for event in seen)


def test_exactly_five_products_are_chosen(page: Page, site: Site):
    page.goto(f"{site.url}/#/five")
    boxes = page.locator(".pick input")
    boxes.nth(5).wait_for()
    for number in range(4):
        boxes.nth(number).check()
    page.get_by_role("button", name="Show suggestions").click()
    expect(page.get_by_role("alert")).to_have_text("Choose 1 more, or clear your choice.")
    boxes.nth(4).check()
    boxes.nth(5).click()

    expect(page.get_by_text("You have chosen five products.")).to_be_visible()
    expect(boxes.nth(5)).not_to_be_checked()
    expect(page.get_by_role("heading", name="5 of 5 products chosen")).to_be_visible()
    page.get_by_role("button", name="Show suggestions").click()
    expect(page.get_by_text("These go with your five products.")).to_be_visible()
    page.locator("[name=age_group]").select_option("25-34")
    page.get_by_role("button", name="Show suggestions").click()
    expect(page.get_by_text("and customers like you like them")).to_be_visible()
    page.get_by_role("button", name="Clear the choice").click()
    page.locator(".interests input").first.check()
    page.get_by_role("button", name="Show suggestions").click()
    expect(page.get_by_text("Customers like you like these.")).to_be_visible()

    bodies = [body for method, path, body in site.api.requests if (method, path) == ("POST", "/v1/recommendations")]
    assert [sorted(body) for body in bodies] == [
        ["details", "items", "num_results", "slot"],
        ["details", "facts", "items", "num_results", "slot"],
        ["details", "facts", "num_results", "slot"],
    ]
    assert all(len(body["items"]) == 5 for body in bodies[:2])


def test_no_more_interests_and_no_others_can_be_chosen_than_the_api_takes(page: Page, site: Site):
    for name in [*map(str, range(30)), '12" discs', "back\\slash"]:
        site.api.products[name] = {"item_id": name, "title": name, "category": f"Hobbies|{name}"}
    page.goto(f"{site.url}/#/five")
    boxes = page.locator(".interests input")
    page.get_by_label("29", exact=True).first.wait_for()
    boxes.evaluate_all(
        """async (boxes) => {
          for (const box of boxes) {
            if (!box.disabled) box.click();
            await new Promise(requestAnimationFrame);
          }
        }"""
    )

    expect(page.locator(".interests input:checked")).to_have_count(25)
    expect(page.locator(".interests input:disabled")).to_have_count(boxes.count() - 25)
    assert not re.search(r'["\\]', page.locator(".interests").inner_text())
    page.get_by_role("button", name="Show suggestions").click()
    expect(page.get_by_text("Customers like you like these.")).to_be_visible()


def test_the_facts_stay_chosen_and_only_the_latest_question_is_answered(page: Page, site: Site):
    page.goto(f"{site.url}/#/five")
    page.locator("[name=age_group]").select_option("25-34")
    page.locator("[name=place]").select_option("2")
    page.locator(".interests input").nth(1).check()
    page.get_by_role("link", name="Basket").click()
    page.get_by_role("link", name="Suggestions").click()
    expect(page.locator("[name=age_group]")).to_have_value("25-34")
    expect(page.locator("[name=place]")).to_have_value("2")
    expect(page.locator(".interests input").nth(1)).to_be_checked()

    slow: list[Route] = []
    hold = lambda route: route.continue_() if slow else slow.append(route)  # noqa: E731
    page.route("**/v1/recommendations", hold)
    show = page.get_by_role("button", name="Show suggestions")
    with page.expect_request("**/v1/recommendations"):
        show.evaluate("button => { button.click(); button.click(); }")
    page.locator("[name=age_group]").select_option("65+")
    show.click()
    suggestions = page.locator(".suggestions")
    suggestions.locator("[data-item-id]").first.wait_for()
    shown = ids(suggestions)
    (late,) = slow
    late.fulfill(json={"items": [{"item_id": "late"}], "source": "facts", "recommendation_id": None})
    page.wait_for_timeout(200)
    assert ids(suggestions) == shown
    (body,) = [body for method, path, body in site.api.requests if (method, path) == ("POST", "/v1/recommendations")]
    assert body["facts"]["age_group"] == "65+"
    assert (body["facts"]["city"], len(body["facts"]["interests"])) == ("Milan", 1)


def test_a_log_in_joins_what_the_visitor_did_before(page: Page, site: Site):
    row = open_home(page, site)
    row.get_by_role("button", name="Look").nth(5).click()
    expect(row.locator(".change")).to_contain_text("Changed")
    page.get_by_role("button", name="Visitor").click()
    page.get_by_label(USERS[1]).check()
    page.get_by_role("button", name="Log in, and keep what I did").click()
    expect(page.get_by_role("heading", name=f"Welcome back, {USERS[1]}")).to_be_visible()
    row.get_by_role("button", name="Look").nth(1).click()
    expect(row.locator(".change")).to_contain_text("Changed")

    views = site.api.stored("View")
    assert views[0]["session_id"] == views[-1]["session_id"]
    assert (views[0].get("user_id"), views[-1]["user_id"]) == (None, USERS[1])
    assert views[0]["item_id"] not in ids(row)
    assert views[0]["item_id"] in [each for each, _, _ in site.api.histories[USERS[1]]]

    page.get_by_role("button", name="Visitor").click()
    page.get_by_role("button", name="Log out, as a new visitor").click()
    expect(row.get_by_role("heading", level=2)).to_have_text("Popular right now")
    row.get_by_role("button", name="Look").first.click()
    expect(row.locator(".change")).to_contain_text("Changed")
    last = site.api.stored("View")[-1]
    assert "user_id" not in last
    assert last["session_id"] != views[0]["session_id"]


def test_users_of_different_tastes_get_different_lists(page: Page, site: Site):
    open_home(page, site)
    lists = []
    for user in USERS:
        page.get_by_role("button", name="Visitor").click()
        expect(page.get_by_text("last interested in").first).to_be_visible()
        page.get_by_label(user).check()
        page.get_by_role("button", name="Visit as this customer").click()
        expect(page.get_by_role("heading", name=f"Welcome back, {user}")).to_be_visible()
        expect(for_you(page).get_by_role("heading", level=2)).to_have_text("For you")
        lists.append(ids(for_you(page)))
    assert lists[0] != lists[1]


def test_the_drawer_shows_each_event_its_verdict_and_what_it_changed(page: Page, site: Site):
    row = open_home(page, site)
    row.get_by_role("button", name="Look").nth(2).click()
    expect(row.locator(".change")).to_contain_text("Changed")
    page.get_by_text("What just happened").click()

    # The click and the view of one look are one line.
    expect(page.locator(".noticed").filter(has_not_text="You saw")).to_have_count(1)
    view = page.locator(".noticed", has_text="You looked at")
    expect(view.locator(".verdict")).to_have_text("received")
    expect(view.locator(".effect")).to_contain_text("changed your list after")
    view.get_by_text("As it was sent, in 2 events").click()
    expect(view.locator("pre")).to_contain_text(re.compile(r'"event_type": "View".*"event_type": "Click"', re.DOTALL))
    expect(page.locator(".drawer summary").first).to_contain_text(re.compile(r"\d+ sent · \d+ received"))


def test_a_reason_names_what_the_visitor_did_with_the_product(page: Page, site: Site):
    row = open_home(page, site)
    title = site.api.products[ids(row)[2]]["title"]
    because = page.get_by_role("heading", name="Because")
    row.get_by_role("button", name="Add").nth(2).click()
    expect(row.locator(".change")).to_contain_text("Changed")

    expect(row.locator(".why summary").first).to_contain_text(f"You put {title} into the basket")
    expect(row.get_by_text("You looked at")).to_have_count(0)
    expect(because).to_have_count(0)
    page.reload()
    expect(page.get_by_text("What just happened")).to_contain_text("0 sent · 0 received")
    expect(because).to_have_text(f"Because you put {title} into the basket")
    expect(row.locator(".why summary").first).to_contain_text(f"You put {title} into the basket")
    page.get_by_role("link", name=re.compile("^Basket")).click()
    page.get_by_role("button", name="Buy now").click()
    expect(row.locator(".why summary").first).to_contain_text(f"You bought {title}")


def test_products_are_searched_by_words_category_and_price(page: Page, site: Site):
    open_home(page, site)
    form = page.get_by_role("search")
    catalogue = page.locator("section", has=form)
    product = list(site.api.products.values())[40]
    form.get_by_label("Search").fill(product["title"])
    form.get_by_role("button", name="Search").click()
    expect(catalogue.get_by_text("1 products")).to_be_visible()
    assert ids(catalogue) == [product["item_id"]]

    form.get_by_role("button", name="Clear").click()
    expect(catalogue.get_by_text("24 or more products")).to_be_visible()
    catalogue.get_by_role("button", name="Show more products").click()
    expect(catalogue.get_by_text("48 or more products")).to_be_visible()
    form.get_by_label("From €").fill("10000")
    form.get_by_role("button", name="Search").click()
    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    page.goto(f"{site.url}/#/item/{product['item_id']}")
    page.locator(".product a").click()
    expect(form.get_by_label("Category")).to_have_value(product["category"])
    same = [each for each in site.api.products.values() if each["category"] == product["category"]]
    expect(catalogue.locator("[data-item-id]")).to_have_count(len(same))
    searches = wait_until(lambda: bool(site.api.stored("Search"))) and site.api.stored("Search")
    assert searches[0]["properties"] == {"query": product["title"], "hits": 1}


def test_every_category_can_be_chosen_before_a_product_of_it_is_seen(page: Page, site: Site):
    site.api.products["unseen"] = {"item_id": "unseen", "title": "Tent", "category": "Outdoor|Unseen", "price": 1.0}
    open_home(page, site)
    choice = page.get_by_role("search").get_by_label("Category")
    expect(choice.get_by_role("option", name="Unseen")).to_have_count(0)
    choice.focus()
    expect(choice.get_by_role("option", name="Unseen")).to_have_count(1)
    choice.select_option("Outdoor|Unseen")
    expect(page.locator("section", has=choice).locator("[data-item-id]")).to_have_count(1)


def test_a_search_that_the_api_would_refuse_says_what_to_change(page: Page, site: Site):
    open_home(page, site)
    form = page.get_by_role("search")
    catalogue = page.locator("section", has=form)
    search = form.get_by_role("button", name="Search")
    product = list(site.api.products.values())[40]
    words = product["title"].split()
    expect(catalogue.get_by_text("24 or more products")).to_be_visible()
    form.get_by_label("Search").fill(" ".join([*words, *["a"] * (10 - len(words)), "unsought"]))
    search.click()
    expect(catalogue.get_by_text("1 products")).to_be_visible()
    expect(catalogue.get_by_role("alert")).to_have_text("We look for the first ten words only.")

    form.get_by_label("Search").fill("lamp\x01")
    search.click()
    alert = catalogue.get_by_role("alert")
    expect(alert).to_have_text(
        "We could not load the products. The search must not have control characters or unpaired surrogates. "
        "Change this and try again."
    )
    expect(alert.get_by_role("button")).to_have_count(0)
    form.get_by_role("button", name="Clear").click()
    expect(catalogue.get_by_text("24 or more products")).to_be_visible()
    expect(alert).to_have_count(0)


def test_a_price_is_read_strictly(page: Page, site: Site):
    open_home(page, site)
    form = page.get_by_role("search")
    least = form.get_by_label("From €")
    search = form.get_by_role("button", name="Search")
    alert = page.get_by_role("alert")

    def sent() -> list[str]:
        return [query["min_price"] for _, path, query in site.api.requests if "min_price" in query]

    for text in ("0.0000001", "1e20", "Infinity", "1.12345678", "1.234,56", "-5", "12.", "1234567890", "0x10"):
        least.fill(text)
        search.click()
        expect(alert).to_have_text("Write a price in digits, with two decimals at most, such as 1250 or 12.50.")
    assert sent() == []
    for text in ("12,50", "0.01", "999999999"):
        least.fill(f" {text} ")
        search.click()
        expect(alert).to_have_count(0)
    assert wait_until(lambda: sent() == ["12.5", "0.01", "999999999"])
