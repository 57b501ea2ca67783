"""Models that are told of what they missed while they answer: each event once, in the order in which it came."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from model.engine.runtime.engine import Engine
from model.engine.serving import served as serving
from model.engine.serving.served import Served, catch_up
from model.engine.storage.interactions.store import Users
from model.engine.storage.records import EventRecord
from model.registry.amazon_recipes import RECIPES

GROUP = "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop"


class Told:
    """Stands for a recipe; remembers what it is told."""

    def __init__(self) -> None:
        self.item_ids: list[str] = []
        self.events: list[str] = []
        self.items: list[str] = []
        self.newest = 0

    def update(self, event):
        self.events.append(event.item_id)
        self.newest = event.time

    def add_item(self, item):
        self.items.append(item.item_id)


def event(number):
    return EventRecord(f"e{number}", f"user-{number % 3}", "s", "View", f"item-{number}", 1_760_000_000 + number)


@pytest.fixture
def engine():
    made: Any = object.__new__(Engine)
    rows = SimpleNamespace(streamed={})
    made.groups = {GROUP: SimpleNamespace(users=Users(), rows={"ITEMS": rows})}
    made.served, made.loading, made.behind, made.resources = {}, [], {}, {}
    return made


def put(engine, number):
    place = engine.groups[GROUP].users.add(event(number))
    engine.tell(GROUP, [place])


def served():
    recipe: Any = Told()
    return Served("version", RECIPES["aws-similar-items"], recipe, GROUP, 0.0), recipe


def test_an_event_from_a_clock_that_runs_ahead_is_told_as_of_now(engine):
    one, recipe = served()
    place = engine.groups[GROUP].users.add(EventRecord("e", "user", "s", "View", "item", 99_999_999_999))

    serving.tell([one.recipe], engine.groups[GROUP].users, place)

    assert 1_760_000_000 < recipe.newest <= time.time()


def test_events_that_come_meanwhile_are_told_once_after_those_before_them(engine):
    one, recipe = served()
    for number in range(500):
        put(engine, number)
    engine.served["campaign"] = one
    engine.behind[id(recipe)] = 0

    async def run():
        catching_up = asyncio.create_task(catch_up(engine, one, 100))
        number = 500
        while not catching_up.done():
            put(engine, number)
            number += 1
            await asyncio.sleep(0)
        put(engine, number)
        return number

    last = asyncio.run(run())

    assert recipe.events == [f"item-{number}" for number in range(100, last + 1)]
    assert engine.behind == {}


def test_two_that_share_a_model_tell_it_once(engine):
    one, recipe = served()
    other = Served("version", one.named, recipe, GROUP, 0.0)
    engine.served = {"campaign-1": one, "campaign-2": other}

    put(engine, 1)

    assert recipe.events == ["item-1"]


def test_a_model_is_told_of_rows_as_they_are_by_now(engine, monkeypatch):
    one, recipe = served()
    prices: list[float] = []
    rows = engine.groups[GROUP].rows["ITEMS"].streamed
    rows.update({f"item-{number}": {"PRICE": 1.0} for number in range(120)})
    engine.loading.append(one)
    engine.behind[id(recipe)] = 0
    monkeypatch.setattr(serving, "tell_rows", lambda _, told, __: prices.extend(row["PRICE"] for row in told.values()))

    async def run():
        catching_up = asyncio.create_task(catch_up(engine, one, 0))
        await asyncio.sleep(0)
        rows["item-119"] = {"PRICE": 2.0}
        await catching_up

    asyncio.run(run())

    assert prices == [1.0] * 119 + [2.0]
