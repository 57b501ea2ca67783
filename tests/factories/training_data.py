"""Training data: a small shop, in which interactions, metadata, context and features are all informative; walks."""

from __future__ import annotations

import random
import zlib
from dataclasses import replace

import numpy as np

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import ContextColumn, Interactions, from_rows
from model.datasets.training_data import TrainingData
from tests.factories.shop_stream import START, shop_rows

NOUNS = ("lamp", "chair", "table", "shelf", "carpet", "mirror", "clock", "vase", "basket", "candle", "pillow", "frame")
WORDS = ("oak", "brass", "linen", "glass", "wool", "paper", "stone", "cotton", "steel", "cork", "silk", "bamboo")
AGES = ("18-24", "25-44", "45+")
DAY = 86_400


def shop_items(shelves: int = 12, items_per_shelf: int = 15, cold: int = 0) -> Catalogue:
    """Return the items of `shop_rows`, each with its shelf and a text of words that its shelf shares, and a price."""
    draw = random.Random(3)
    ids, features, created, prices = [], [], [], []
    for shelf in range(shelves):
        for place in range(items_per_shelf + (cold if shelf == 0 else 0)):
            ids.append(f"item-{shelf}-{place}" if place < items_per_shelf else f"cold-{place - items_per_shelf}")
            words = [NOUNS[shelf % 12], WORDS[shelf % 12], WORDS[draw.randrange(12)], NOUNS[draw.randrange(12)]]
            features.append((f"CATEGORY=shelf {shelf}", *(f"word={word}" for word in words)))
            created.append(START + shelf * DAY if place < items_per_shelf else START + 6 * DAY)
            prices.append(float(draw.randrange(1, 100)))
    return Catalogue(ids, features, created, {"PRICE": prices})


def shop_users(interactions: Interactions) -> Catalogue:
    """Return the users, each with an age that depends on the half of the shelves they prefer."""
    ages: list[tuple[str, ...]] = []
    starts = interactions.starts()
    for user in range(len(interactions.user_ids)):
        items = [interactions.item_ids[item] for item in interactions.items[starts[user] : starts[user + 1]].tolist()]
        shelves = [int(item.split("-")[1]) for item in items]
        ages.append((f"AGE={AGES[sum(shelf < 4 for shelf in shelves) * 2 // max(1, len(shelves))]}",))
    return Catalogue(list(interactions.user_ids), ages, [0] * len(ages))


def shop_data(users: int = 200, event_type: str = "View", seed: int = 7, **parameters: str) -> TrainingData:
    """Return the shop as a recipe's training data."""
    rows = [(user, item, moment, event_type) for user, item, moment, _ in shop_rows(users=users, seed=seed)]
    interactions = from_rows(rows)
    # On the phone, users look at the first shelves; a tenth of the events has no device.
    codes = [
        -1
        if zlib.crc32(f"{item}{place}".encode()) % 10 == 0
        else int(int(interactions.item_ids[item].split("-")[1]) < 6)
        for place, item in enumerate(interactions.items.tolist())
    ]
    column = ContextColumn(["desktop", "phone"], np.array(codes, np.int32))
    interactions = replace(interactions, context={"DEVICE": column})
    return TrainingData(interactions, shop_items(), parameters, shop_users(interactions))


def answers(users: int = 300, actions: int = 6, seed: int = 11) -> TrainingData:
    """Return responses to actions: users of an age prefer half of the actions; the first makes the last likelier."""
    draw = random.Random(seed)
    rows = []
    ages: list[tuple[str, ...]] = []
    for user in range(users):
        young = draw.random() < 0.5
        ages.append(("AGE=18-24" if young else "AGE=45+",))
        took_first = False
        for place in range(actions):
            likes = 0.7 if young == (place % 2 == 0) else 0.15
            took = draw.random() < min(0.95, likes + (0.25 if took_first and place == actions - 1 else 0))
            took_first = took_first or (took and place == 0)
            kind = "Taken" if took else draw.choice(["Not taken", "Viewed"])
            rows.append((f"user-{user}", f"action-{place}", START + place * DAY + draw.randrange(DAY), kind))
    catalogue = Catalogue([f"action-{place}" for place in range(actions)], [()] * actions, [0] * actions)
    return TrainingData(
        from_rows(rows), catalogue, {}, Catalogue([f"user-{n}" for n in range(users)], ages, [0] * users)
    )


def walks(users: int = 300) -> Interactions:
    """Draw users who go from each item to the one after it."""
    draw = np.random.default_rng(3)
    begins = draw.integers(0, 200, users).tolist()
    return from_rows(
        [
            (f"u{user}", f"i{(begins[user] + step) % 200}", 1000 * step + user)
            for user in range(users)
            for step in range(8)
        ]
    )
