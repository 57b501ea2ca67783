"""Models that catch up with events while they answer: each event once, in the order in which it was stored."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from model.engine.serving.served import Served
from model.engine.serving.served_models import EVENTS_PER_STEP, ServedModels
from model.engine.storage.event_log.records import EventRecord
from model.engine.storage.interactions.store import InteractionStore
from model.registry.recipes import RECIPES
from tests.factories.avro import avro_schema

GROUP = "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop"
FIELDS = [{"name": "ITEM_ID", "type": "string"}, {"name": "CREATION_TIMESTAMP", "type": "long"}]
SCHEMA = avro_schema("Items", FIELDS)


class RecordingRecipe:
    """Stands for a recipe; records its updates."""

    def __init__(self) -> None:
        self.item_ids: list[str] = []
        self.events: list[str] = []
        self.items: list[Any] = []
        self.latest = 0

    def update(self, event):
        self.events.append(event.item_id)
        self.latest = event.time

    def add_item(self, item):
        self.items.append(item)


class Shop:
    """A dataset group with its served models."""

    def __init__(self) -> None:
        self.users = InteractionStore()
        self.streamed_items: dict[str, dict[str, Any]] = {}
        rows = SimpleNamespace(streamed=self.streamed_items)
        group: Any = SimpleNamespace(interactions=self.users, rows={"ITEMS": rows})
        self.served = ServedModels({GROUP: group}, lambda *_: SCHEMA, None, None)  # type: ignore[arg-type]

    def put(self, number: int) -> None:
        position = self.users.add(event(number))
        assert position is not None
        self.served.update_models(GROUP, [position])

    def put_items(self, rows: dict[str, dict[str, Any]]) -> None:
        self.streamed_items.update(rows)
        self.served.update_items(GROUP, "ITEMS", rows)


def event(number):
    return EventRecord(f"e{number}", f"user-{number % 3}", "s", "View", f"item-{number}", 1_760_000_000 + number)


@pytest.fixture
def shop():
    return Shop()


def served():
    recipe: Any = RecordingRecipe()
    return Served("version", RECIPES["aws-similar-items"], recipe, GROUP, 0.0), recipe


def test_an_event_from_a_clock_that_runs_ahead_has_the_time_of_now(shop):
    one, recipe = served()
    shop.served.set("campaign", one)
    position = shop.users.add(EventRecord("e", "user", "s", "View", "item", 99_999_999_999))

    shop.served.update_models(GROUP, [position])

    assert 1_760_000_000 < recipe.latest <= time.time()


def test_events_that_are_stored_meanwhile_update_the_model_once_after_those_before_them(shop):
    one, recipe = served()
    for number in range(500):
        shop.put(number)
    shop.served.set("campaign", one)

    async def run():
        catching_up = asyncio.create_task(shop.served.catch_up(one, 100))
        await asyncio.sleep(0)
        assert shop.served.events_behind(one) == 400 - EVENTS_PER_STEP
        number = 500
        while not catching_up.done():
            shop.put(number)
            number += 1
            await asyncio.sleep(0)
        shop.put(number)
        return number

    last = asyncio.run(run())

    assert recipe.events == [f"item-{number}" for number in range(100, last + 1)]
    assert shop.served.events_behind(one) == 0


def test_a_model_that_two_campaigns_share_is_updated_once(shop):
    one, recipe = served()
    shop.served.set("campaign-1", one)
    shop.served.set("campaign-2", Served("version", one.named, recipe, GROUP, 0.0))

    shop.put(1)

    assert recipe.events == ["item-1"]


def test_a_model_takes_the_rows_as_they_are_when_it_catches_up(shop):
    one, recipe = served()
    shop.put_items({f"item-{number}": {"CREATION_TIMESTAMP": 1} for number in range(120)})

    async def run():
        catching_up = asyncio.create_task(shop.served.catch_up(one, 0))
        await asyncio.sleep(0)
        shop.put_items({"item-119": {"CREATION_TIMESTAMP": 2}})
        del shop.streamed_items["item-118"]
        await catching_up

    asyncio.run(run())

    assert [item.item_id for item in recipe.items] == [f"item-{number}" for number in (*range(118), 119)]
    assert [item.created for item in recipe.items] == [1] * 118 + [2]
