"""Answers that a page may get: each is reported in the product's words, and nothing that was promised is lost."""

from __future__ import annotations

import pytest

from tests.fakes.waiting import wait_until
from tests.web.producer.in_chromium.shop import Answer

VIEWS = "for (let number = 0; number < 3; number += 1) client.view(`i-${number}`)"
ITEMS = ("i-0", "i-1", "i-2")


def flush(page):
    page.evaluate("client.flush()")
    return page.evaluate("client.stats()")


def accept_half(events):
    return Answer(202, {"request_id": "r", "events": [{"index": 0, "status": "accepted"}]})


FAULTS = {
    "down": Answer(None),
    "throttling": Answer(429, {"message": "Too Many Requests"}, {"Retry-After": "1"}),
    "failing": Answer(503, {"error": {}}, {"Retry-After": "1"}),
    "a page of HTML": Answer(200, "<html>Sign in to the network</html>"),
    "no verdicts": Answer(202, {"request_id": "r"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_events_wait_while_the_api_cannot_answer(fault, shop, page):
    shop.api.scripted.append(FAULTS[fault])
    page.goto(shop.page())
    page.evaluate(VIEWS)
    assert flush(page)["stored"] == 3

    assert shop.api.wait_for_items(*ITEMS)
    assert len(shop.api.requests) == 2


def test_half_of_a_batch_is_accepted_and_the_other_half_is_sent_again(shop, page):
    shop.api.scripted.append(accept_half)
    page.goto(shop.page())
    page.evaluate(VIEWS)
    counts = flush(page)
    assert (counts["accepted"], counts["stored"]) == (1, 2)

    assert shop.api.wait_for_items("i-1", "i-2")
    assert [event["item_id"] for event in shop.api.requests[1].events] == ["i-1", "i-2"]


def test_a_slow_api_gets_one_request_at_a_time(shop, page):
    shop.api.is_open.clear()
    page.goto(shop.page())
    page.evaluate("for (let number = 0; number < 40; number += 1) client.view(`i-${number}`)")
    assert shop.api.wait_for(lambda: len(shop.api.requests) == 1)
    shop.api.is_open.set()

    assert shop.api.wait_for_items(*(f"i-{number}" for number in range(40)))
    assert [len(request.events) for request in shop.api.requests] == [20, 20]


def test_one_refused_event_is_reported_with_its_field_and_rule(shop, page):
    page.goto(shop.page())
    page.evaluate("client.view('undefined'); client.view('i-1')")
    counts = flush(page)

    assert (counts["accepted"], counts["refused"]) == (1, 1)
    (refused,) = page.evaluate("refused")
    assert refused["event"]["item_id"] == "undefined"
    assert refused["errors"][0]["field"] == "item_id"
    assert "placeholder" in refused["errors"][0]["rule"]


@pytest.mark.parametrize("is_revoked", [False, True], ids=["wrong", "revoked"])
def test_a_key_that_is_refused_stops_the_page_and_keeps_its_events(is_revoked, shop, page):
    warnings = []
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    page.goto(shop.page(key="page-key" if is_revoked else "wrong"))
    if is_revoked:
        page.evaluate("client.view('before')")
        assert flush(page)["accepted"] == 1
        shop.api.keys.clear()
    page.evaluate(VIEWS)
    assert flush(page)["stored"] == 3
    sent = len(shop.api.requests)
    page.evaluate(VIEWS)
    assert flush(page)["stored"] == 6

    assert len(shop.api.requests) == sent
    assert [text for text in warnings if "check the key and reload: 403" in text] == warnings[:1] != []
    shop.api.keys.add("page-key")
    page.goto(shop.page())
    assert shop.api.wait_for_items(*ITEMS)


def test_a_body_that_is_too_large_is_divided(shop, page):
    def refuse_large(events):
        return Answer(413, {"message": "Request Too Large"}) if len(events) > 3 else None

    shop.api.scripted.extend([refuse_large] * 20)
    page.goto(shop.page())
    page.evaluate("for (let number = 0; number < 10; number += 1) client.view(`i-${number}`)")
    counts = flush(page)

    assert (counts["accepted"], counts["dropped"]) == (10, 0)


def test_an_event_that_no_request_may_have_is_dropped_and_reported(shop, page):
    shop.api.scripted.extend(
        [lambda events: Answer(413, {}) if any(e["item_id"] == "i-1" for e in events) else None] * 20
    )
    page.goto(shop.page())
    page.evaluate(VIEWS)
    flush(page)

    assert shop.api.wait_for_items("i-0", "i-2")
    wait_until(lambda: page.evaluate("client.stats().stored") == 0)
    assert [(drop["event"]["item_id"], drop["reason"]) for drop in page.evaluate("dropped")] == [("i-1", "rejected")]
