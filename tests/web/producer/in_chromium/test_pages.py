"""The producer of pages in Chromium: nothing is lost when a page is left, killed or offline."""

from __future__ import annotations

import json
import os
import re
import signal
from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes.waiting import wait_until
from tests.web import chromium
from tests.web.producer.in_chromium.shop import CSP, KEY

VIEW = "item => client.view(item)"
OFFSET_CLOCK = """
const RealDate = Date;
window.Date = class extends RealDate {{
  constructor(...given) {{ super(...(given.length ? given : [RealDate.now() + {offset}])); }}
  static now() {{ return RealDate.now() + {offset}; }}
}};
"""
VISIBLE_ITEMS = """() => [...document.querySelectorAll(".item")]
  .filter(item => item.getBoundingClientRect().bottom <= innerHeight).length"""
EXAMPLE_PAGE = b"""<!doctype html><html lang="en"><head><title>shop</title>
<script type="module" src="/example.js"></script></head>
<body><ul id="for-you"><li data-item-id="i-1">one</li><li data-item-id="i-2">two</li></ul></body></html>"""
README = Path(__file__).resolve().parents[4] / "backend" / "web" / "producer" / "README.md"
HOUR = 3_600_000


def stats(page):
    counts = page.evaluate("client.stats()")
    assert counts["tracked"] == sum(value for name, value in counts.items() if name != "tracked"), counts
    return counts


def flush(page):
    page.evaluate("client.flush()")
    return stats(page)


def test_under_a_strict_policy_events_arrive_in_requests_that_need_no_preflight(shop, page):
    page.goto(shop.page(userId="u-1"))
    event_id = page.evaluate(VIEW, "i-1")
    page.evaluate("client.track('Purchase', {item_id: 'i-1', event_value: 9.5, currency: 'EUR', order_id: 'o-1'})")

    assert flush(page) == {"tracked": 2, "accepted": 2, "refused": 0, "suppressed": 0, "dropped": 0, "stored": 0}
    assert {request.method for request in shop.api.requests} == {"POST"}
    assert all(request.headers["Content-Type"].startswith("text/plain") for request in shop.api.requests)
    assert not any("Cookie" in request.headers for request in shop.api.requests)
    view = shop.api.stored()[event_id]
    assert (view["user_id"], view["item_id"]) == ("u-1", "i-1")
    assert len(view["visitor_id"]) == len(view["session_id"]) == 32
    assert page.evaluate("violations") == []


CLICK_LINK = """url => {
  const link = document.createElement("a");
  link.href = url;
  document.body.append(link);
  link.click();
}"""
LEAVING = {
    "a link": lambda page, shop: page.evaluate(CLICK_LINK, shop.page("/other")),
    "another site": lambda page, _: page.goto("about:blank"),
    "a reload": lambda page, _: page.reload(),
    "back": lambda page, _: page.go_back(wait_until="commit"),
    "closing the tab": lambda page, _: page.close(),
    "closing the browser": lambda page, _: page.context.close(),
}


@pytest.mark.parametrize("is_beacon", [False, True], ids=["keepalive", "beacon"])
@pytest.mark.parametrize("way", LEAVING)
def test_what_waits_when_a_page_is_left_arrives(way, is_beacon, shop, page):
    if is_beacon:
        page.add_init_script("delete Request.prototype.keepalive")
    page.goto(shop.page("/first"))
    page.goto(shop.page("/second", storage="none"))
    page.evaluate(VIEW, "i-1")
    page.evaluate(VIEW, "i-2")
    LEAVING[way](page, shop)

    assert shop.api.wait_for_items("i-1", "i-2")
    assert {request.method for request in shop.api.requests} == {"POST"}


TRACK_LEAVING = """() => {
  addEventListener("pagehide", () => client.view("at pagehide"));
  document.addEventListener("visibilitychange", () => client.view("at visibilitychange"));
}"""


@pytest.mark.parametrize("storage", ["local", "none"])
def test_what_a_page_tracks_as_it_is_left_arrives(storage, shop, page):
    page.goto(shop.page(storage=storage))
    page.evaluate(TRACK_LEAVING)
    page.goto(shop.page("/other") if storage == "local" else "about:blank")

    assert shop.api.wait_for_items("at pagehide", "at visibilitychange")


def kill_pages(browser):
    """End the processes of all pages, as a system without memory does."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    for process in processes:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)


def test_what_a_killed_tab_has_left_is_sent_by_the_next_page(shop, browser, visitor, page):
    page.goto(shop.page())
    visitor.set_offline(offline=True)
    for number in range(30):
        page.evaluate(VIEW, f"i-{number}")
    with page.expect_event("crash"):
        kill_pages(browser)
    page.close()
    visitor.set_offline(offline=False)
    assert shop.api.requests == []

    reopened = visitor.new_page()
    reopened.goto(shop.page())
    assert shop.api.wait_for_items(*(f"i-{number}" for number in range(30)))
    wait_until(lambda: stats(reopened)["stored"] == 0)
    assert stats(reopened)["accepted"] == 30


def test_what_a_closed_browser_has_left_is_sent_when_it_is_opened_again(shop, playwright, tmp_path):
    shop.api.keys.clear()
    closed = chromium.launch_with_profile(playwright, tmp_path)
    page = closed.new_page()
    page.goto(shop.page())
    page.evaluate(VIEW, "i-1")
    assert flush(page)["stored"] == 1
    closed.close()

    shop.api.keys.add("page-key")
    opened = chromium.launch_with_profile(playwright, tmp_path)
    opened.new_page().goto(shop.page())
    assert shop.api.wait_for_items("i-1")
    opened.close()


def test_offline_events_wait_and_online_they_arrive(shop, visitor, page):
    page.goto(shop.page())
    visitor.set_offline(offline=True)
    for number in range(25):
        page.evaluate(VIEW, f"i-{number}")
    assert flush(page)["stored"] == 25
    visitor.set_offline(offline=False)

    assert shop.api.wait_for_items(*(f"i-{number}" for number in range(25)))
    assert len(shop.api.door.stream_events()) == 25


def test_two_tabs_share_a_visitor_and_send_each_event_once(shop, visitor, page):
    other = visitor.new_page()
    for each in (page, other):
        each.goto(shop.page())
    for number in range(10):
        page.evaluate(VIEW, f"a-{number}")
        other.evaluate(VIEW, f"b-{number}")
    third = visitor.new_page()
    third.goto(shop.page())

    assert [flush(each)["accepted"] for each in (page, other, third)] == [10, 10, 0]
    events = shop.api.door.stream_events()
    assert len(events) == 20
    assert len({event["visitor_id"] for event in events}) == len({event["session_id"] for event in events}) == 1


def test_where_the_storage_is_full_events_are_sent_from_memory(shop, page):
    page.goto(shop.page())
    page.evaluate(
        """() => {
          for (let size = 2 ** 22; size >= 1; size >>= 1) {
            try {
              for (let part = 0; part < 9; part += 1) localStorage.setItem(`${size}-${part}`, "x".repeat(size));
            } catch {}
          }
        }"""
    )
    for number in range(45):
        page.evaluate(VIEW, f"i-{number}")

    assert flush(page)["accepted"] == 45
    assert page.evaluate("violations") == []


@pytest.mark.parametrize("hours", [1, 24, -1, -24])
def test_a_wrong_clock_is_corrected_by_the_time_of_the_api(hours, shop, page):
    page.add_init_script(OFFSET_CLOCK.format(offset=hours * HOUR))
    page.goto(shop.page())
    page.evaluate(VIEW, "i-1")
    flush(page)
    page.evaluate(VIEW, "i-2")
    counts = flush(page)

    assert (counts["accepted"], counts["refused"]) == (2, 0)
    events = {event["item_id"]: event for event in shop.api.door.stream_events()}
    corrected = ["i-1", "i-2"] if hours > 0 else ["i-2"]
    for item in corrected:
        # To the minute: both clocks are read on a machine that may be busy.
        assert abs(seconds_between(events[item]["timestamp"], events[item]["received_at"])) < 60


def seconds_between(earlier, later):
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_a_page_from_the_back_forward_cache_goes_on(shop, page):
    page.goto(shop.page())
    page.evaluate(VIEW, "i-1")
    page.goto(shop.page("/other"))
    page.evaluate(VIEW, "i-2")
    page.go_back(wait_until="commit")
    wait_until(lambda: page.evaluate("window.isRestored"))
    page.evaluate(VIEW, "i-3")

    assert shop.api.wait_for_items("i-1", "i-2", "i-3")
    wait_until(lambda: stats(page)["stored"] == 0)
    assert stats(page)["accepted"] == len(shop.api.stored()) == 3


@pytest.mark.parametrize("option", ["local", "session"])
def test_a_page_that_begins_with_denial_denies_it_for_other_tabs_and_cached_pages(option, shop, visitor, page):
    other = visitor.new_page()
    cached = visitor.new_page()
    other.goto(shop.page(storage=option))
    cached.goto(shop.page())
    cached.evaluate(VIEW, "i-1")
    assert flush(cached)["accepted"] == 1
    cached.goto(shop.page("/next"))
    page.goto(shop.page(consent="denied"))

    wait_until(lambda: other.evaluate("client.view('i-2') && client.stats().suppressed > 0"))
    cached.go_back(wait_until="commit")
    wait_until(lambda: cached.evaluate("window.isRestored"))
    cached.evaluate(VIEW, "i-3")
    assert stats(cached)["suppressed"] == 1
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert other.evaluate("sessionStorage.length") == 0


def test_items_that_were_seen_are_an_impression_and_a_click_has_them(shop, page):
    shop.bodies["/list"] = "".join(
        f'<p class="item" data-item-id="i-{number}">item {number}</p>' for number in range(200)
    )
    page.goto(shop.page("/list"))
    page.evaluate(
        """() => {
          const recommendation = {
            recommendation_id: "RID-1", model: "m", source: "recommender",
            items: Array.from({ length: 200 }, (_, number) => ({ item_id: `i-${number}` })),
          };
          client.impressions.observe(document.body, recommendation, { slot: "home-top" });
        }"""
    )
    wait_until(lambda: stats(page)["tracked"] == 1)
    page.evaluate("client.click('i-2')")
    assert flush(page)["refused"] == 0

    seen = [event for event in shop.api.door.stream_events() if event["event_type"] == "Impression"]
    items = [item for event in seen for item in event["impression"]]
    visible = page.evaluate(VISIBLE_ITEMS)
    assert items[:visible] == [f"i-{number}" for number in range(visible)]
    assert len(items) <= visible + 1
    assert [place for event in seen for place in event["positions"]] == list(range(1, len(items) + 1))
    (click,) = [event for event in shop.api.door.stream_events() if event["event_type"] == "Click"]
    assert (click["position"], click["recommendation_id"], click["slot"]) == (3, "RID-1", "home-top")
    assert click["impression"] == items[:25]


def test_the_page_of_the_readme_for_the_laptop_shows_what_was_accepted(shop, page):
    _, script = re.findall(r'<script type="module">\n(.*?)</script>', README.read_text(), re.DOTALL)
    script = re.sub(r'url: "[^"]*"', f'url: "{shop.api_url}/v1/e"', script).replace("the-key-for-pages", KEY)
    shop.files["/app.js"] = ("text/javascript", script.encode())

    page.goto(shop.url)

    page.get_by_text('"accepted":1').first.wait_for()


def test_the_example_of_the_readme_sends_what_it_says(shop, page):
    example, _ = re.findall(r'<script type="module">\n(.*?)</script>', README.read_text(), re.DOTALL)
    script = example.replace("https://api.example.com", shop.api_url).replace("the-key-for-pages", KEY)
    (policy,) = re.findall(r"Content-Security-Policy: (.*)", README.read_text())
    assert policy.replace("https://api.example.com", "{allowed}") == CSP
    recommendations = {"recommendation_id": "RID-1", "items": [{"item_id": "i-1"}, {"item_id": "i-2"}]}
    shop.files.update(
        {
            "/static/rivulet.js": shop.files["/rivulet.js"],
            "/example.js": ("text/javascript", script.encode()),
            "/my-recommendations": ("application/json", json.dumps(recommendations).encode()),
            "/": ("text/html", EXAMPLE_PAGE),
        }
    )
    # The page's own answers come from its own origin.
    shop.allowed.append("'self'")
    page.goto(shop.url)
    page.wait_for_load_state("networkidle")
    page.click("[data-item-id=i-2]")
    page.goto("about:blank")

    # An impression comes as well where the machine was slow enough to show the list for a second before the click.
    by_type = lambda: {event["event_type"]: event for event in shop.api.stored().values()}  # noqa: E731
    assert shop.api.wait_for(lambda: by_type().keys() >= {"View", "Purchase", "Click"})
    events = by_type()
    assert events["View"]["item_id"] == events["Purchase"]["item_id"] == "i-318"
    assert (events["Click"]["item_id"], events["Click"]["position"], events["Click"]["slot"]) == ("i-2", 2, "home-top")
    assert {event["user_id"] for event in events.values()} == {"u-1042"}


def test_hundreds_of_events_add_up_on_both_sides(shop, visitor):
    bad = "client.track('Rating', {item_id: 'i', event_value: 'five'})"
    counts = []
    for number in range(3):
        page = visitor.new_page()
        page.goto(shop.page(f"/{number}"))
        page.evaluate(
            """async page => {
              for (let number = 0; number < 150; number += 1) {
                client.view(`${page}-${number}`);
                if (number % 50 === 49) await client.flush();
              }
            }""",
            number,
        )
        page.evaluate(bad)
        counts.append(flush(page))
        assert len(page.evaluate("refused")) == 1

    assert counts == [{"tracked": 151, "accepted": 150, "refused": 1, "suppressed": 0, "dropped": 0, "stored": 0}] * 3
    door = shop.api.door
    assert len(door.stream_events()) == len(shop.api.stored()) == door.counts["accepted"] == 450
    assert (door.counts["received"], door.counts["bad"], door.counts["unaccounted"]) == (453, 3, 0)
