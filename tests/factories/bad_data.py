"""Training data with few or odd values: each case is trained on, or refused with a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import Interactions, from_columns, from_rows
from model.datasets.training_data import TrainingData

START = 1_760_000_000
LATEST = 99_999_999_999  # the last second that an import takes
USERS, ITEMS, EVENTS_PER_USER = 30, 8, 6
ALL_ITEMS = tuple(f"item-{place}" for place in range(ITEMS))
ODD_IDS = (
    *(
        "  ",
        "\t",
        "a'b\"c",
        "ü-日本-🎉",
        "x" * 256,
        "a|b,c;d=e",
        "NaN",
        "None",
        "null",
        "1",
        "01",
        "1.0",
        "-1",
        "../..",
    ),
    *("item:popularity", "\x00", "<b>", "%s{0}"),
)
NOT_FINITE = (float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, 0.0, 1.0)
OBJECTIVE = {"optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "HIGH"}}


def rows(users=USERS, items=ITEMS, events_per_user=EVENTS_PER_USER, moment=lambda number: START + number):
    """Return the interactions of some users, with repeats; `moment` returns the time of an event."""
    return [
        (f"user-{user}", f"item-{(user * 3 + place * place) % items}", moment(user * events_per_user + place))
        for user in range(users)
        for place in range(events_per_user)
    ]


def catalogue(ids=ALL_ITEMS, features=None, number=float, created=0) -> Catalogue:
    """Return items; `features` and `number` return the metadata of the item at a position."""
    described = features or (lambda place: (f"CATEGORY=c{place % 3}", f"word=w{place % 4}"))
    places = range(len(ids))
    numbers = {"PRICE": [number(place) for place in places]}
    return Catalogue(list(ids), [described(place) for place in places], [created] * len(ids), numbers)


def users(features=lambda place: (f"AGE={place % 2}",)):
    """Return the users with their features."""
    ids = [f"user-{place}" for place in range(USERS)]
    return Catalogue(ids, [features(place) for place in range(USERS)], [0] * USERS)


def data(events, items=None, of_users=None, **solution):
    """Return training data."""
    return TrainingData(from_rows(events), items or catalogue(), {}, of_users or users(), solution)


CASES = {
    "nothing": data([], Catalogue(), Catalogue()),
    "no events": data([]),
    "one event": data([("user-0", "item-0", 5)], Catalogue()),
    "one user": data(rows(users=1, events_per_user=60)),
    "one item": data(rows(items=1), catalogue(["item-0"])),
    "one item each": data([(f"user-{place}", f"item-{place}", START + place) for place in range(60)]),
    "one user and one item": data([("user-0", "item-0", START + place) for place in range(60)], catalogue(["item-0"])),
    "an item without events": data(rows(), catalogue([*ALL_ITEMS, "new"])),
    "mostly items without events": data(rows(users=2), catalogue([f"item-{place}" for place in range(150)])),
    "all times equal": data(rows(moment=lambda _: START)),
    "all times 0": data(rows(moment=lambda _: 0)),
    "times far in the future": data(rows(moment=lambda place: LATEST - place), catalogue(created=LATEST)),
    "times 0 and far in the future": data(rows(moment=lambda place: LATEST * (place % 2)), catalogue(created=LATEST)),
    "constant features": data(
        rows(), catalogue(features=lambda _: ("A=b", "word=same"), number=lambda _: 1.0), users(lambda _: ("A=b",))
    ),
    "no features": data(rows(), catalogue(features=lambda _: (), number=lambda _: float("nan")), Catalogue()),
    "NaN and infinite numbers": data(rows(), catalogue(number=NOT_FINITE.__getitem__), **OBJECTIVE),
    "numeric ids": data([(user[5:], item[5:], time) for user, item, time in rows()], catalogue("01234567")),
    "odd ids": data(
        [(ODD_IDS[int(user[5:]) % 18], ODD_IDS[(time * 7) % 18], time) for user, _, time in rows()], catalogue(ODD_IDS)
    ),
    "every row five times": data(rows() * 5),
}


def answered(case: TrainingData, event_type: str) -> TrainingData:
    """Return the data as responses to offers, every other one of the event type and the rest "Not taken"."""
    known = case.interactions
    kinds = (np.arange(len(known)) % 2).astype(np.int16)
    return replace(case, interactions=replace(known, event_types=[event_type, "Not taken"], kinds=kinds))


def of_one_type(case: TrainingData, event_type: str) -> TrainingData:
    """Return the data with all events of one type."""
    known = case.interactions
    return replace(case, interactions=replace(known, event_types=[event_type], kinds=np.zeros(len(known), np.int16)))


def of_one_user(events: int, items: int) -> Interactions:
    """Return many events of one user, the more the lower an item's number."""
    random = np.random.default_rng(5)
    shares = 1 / np.arange(1, items + 1) ** 0.8
    chosen = random.choice(items, events, p=shares / shares.sum()).astype(np.int32)
    ids = (["user-0"], [f"item-{place}" for place in range(items)], ["View"])
    zeros, times = np.zeros(events, np.int32), START + np.arange(events, dtype=np.int64)
    return from_columns(ids, zeros, chosen, zeros.astype(np.int16), times).without_unused()
