"""The producer of pages against the laptop's API: what it counts as accepted is in the stream, once."""

from __future__ import annotations

import json
import uuid

import pytest

from backend.contract import deaggregate_records, is_aggregated
from tests.fakes.emulator.durability import read_stream
from tests.web.producer.in_chromium.shop import open_shop

SEND = """async prefix => {
  for (let number = 0; number < 300; number += 1) {
    client.view(`${prefix}-${number}`);
    if (number % 100 === 99) await client.flush();
  }
  client.track("Rating", { item_id: prefix, event_value: "five" });
  return client.flush();
}"""


@pytest.fixture
def shop(module):
    with open_shop(module) as shop:
        yield shop


def test_hundreds_of_events_of_a_page_are_in_the_stream(pipeline, shop, page):
    key = pipeline.keys.create(f"web-{uuid.uuid4().hex[:8]}", ("events:write",), "page", (shop.url,))
    shop.allowed.append(pipeline.api.url.split("/_aws")[0])
    prefix = uuid.uuid4().hex
    page.goto(shop.page(url=f"{pipeline.api.url}/e", key=key))
    counts = page.evaluate(SEND, prefix)

    assert counts == {"tracked": 301, "accepted": 300, "refused": 1, "suppressed": 0, "dropped": 0, "stored": 0}
    assert page.evaluate("violations") == []
    records = read_stream(pipeline.cloud.client("kinesis"), pipeline.made["stream_name"])
    payloads = [
        payload for data in records for payload in (deaggregate_records(data) if is_aggregated(data) else [data])
    ]
    items = [event["item_id"] for event in map(json.loads, payloads) if str(event.get("item_id")).startswith(prefix)]
    assert sorted(items) == sorted(f"{prefix}-{number}" for number in range(300))
    (refused,) = page.evaluate("refused")
    assert refused["errors"][0]["field"] == "event_value"
