"""A generated shop of many users, and what each of them has done in it before."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from backend.contract import write_instant
from data.generator import Settings
from data.generator.catalogue import make_catalogue
from data.generator.invalid_events import as_json
from data.generator.users import make_population, user_record
from data.stream import ACCEPTED, RawEvent, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.generator.catalogue import Catalogue
    from data.generator.users import User

ITEMS = 1_000
DAYS = 30
SAMPLE = 5_000


@dataclass(frozen=True)
class Shop:
    """A shop and its users.

    Attributes
    ----------
    since
        Start of the 30 days in which the users visited it.
    """

    catalogue: Catalogue
    users: list[User]
    since: datetime

    @property
    def sample(self) -> list[User]:
        """The users, some 5,000 at most, whose records are loaded and who visit the shop again."""
        return self.users[:: -(-len(self.users) // SAMPLE)]

    @property
    def stream(self) -> Stream:
        """The catalogue, the records of the sample, and two or three events of every user."""
        return Stream(
            items=lambda: (self.catalogue.record(index) for index in range(len(self.catalogue.items))),
            users=lambda: (user_record(user, self.catalogue) for user in self.sample),
            events=self._events,
            name="load",
        )

    def _events(self) -> Iterator[RawEvent]:
        rng = random.Random("events")
        for user in self.users:
            progress = rng.random()
            moment = self.since + timedelta(days=DAYS * progress)
            first = self.catalogue.by_category[user.favourite(progress, rng)].draw(rng)
            second = self.catalogue.companions[first].draw(rng)
            actions = [("View", first), ("View", second)]
            if rng.random() < user.eagerness:
                actions.append(("AddToCart", second))
            session_id = f"session-{rng.getrandbits(64):016x}"
            for number, (event_type, item) in enumerate(actions):
                event_id = f"{rng.getrandbits(128):032x}"
                payload = as_json(
                    {
                        "event_id": event_id,
                        "event_type": event_type,
                        "timestamp": write_instant(moment + timedelta(minutes=number)),
                        "user_id": user.user_id,
                        "session_id": session_id,
                        "item_id": self.catalogue.items[item].item_id,
                        "device": user.devices[0][0],
                    }
                )
                yield RawEvent(payload, user.user_id, 0, ACCEPTED, event_id)


def make_shop(users: int) -> Shop:
    """Generate a shop of 1,000 items; the same number of users gives the same shop but for the times."""
    settings = Settings(items=ITEMS, users=users, days=DAYS, until=datetime.now(UTC) - timedelta(minutes=10))
    catalogue = make_catalogue(settings)
    return Shop(catalogue, make_population(settings, catalogue).users, settings.since)
