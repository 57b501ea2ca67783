"""Generates the shop's users: their preferences, the drift of these over the period, and their habits."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from data.generator.attribute_values import AGE_GROUPS, BRANDS, GENDERS, MEMBERSHIPS, PLACES
from data.generator.catalogue import DAY_MS
from data.generator.timestamps import rfc3339

if TYPE_CHECKING:
    from random import Random

    from data.generator.catalogue import Catalogue
    from data.generator.settings import Settings

# Shares of a user's interest in the three favourite categories, the strongest first.
_INTEREST = (0.6, 0.3, 0.1)
# Share of a user's interest that moves from the initial to the final categories by the end of the period.
_DRIFT = 0.7
# Share of the users who live in the region that favours the department of their first category.
_LIVES_AMONG_ALIKE = 0.5
# Shares of the users with a phone, and of those with a second device of the other kind.
_PHONE, _SECOND_DEVICE = 0.6, 0.3


@dataclass(frozen=True, slots=True)
class User:
    """One user.

    Attributes
    ----------
    before, after
        Favourite categories at the start and at the end of the period, the strongest first.
    eagerness
        Probability that a viewed item is put into the cart.
    offset_hours
        UTC offset of the clock on this user's device.
    place
        Index into `PLACES`.
    devices
        Kind and visitor id of each device, the most used first.
    """

    user_id: str
    age_group: str
    gender: str
    membership: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    brands: tuple[int, ...]
    eagerness: float
    offset_hours: int
    created_ms: int
    place: int
    devices: tuple[tuple[str, str], ...]

    def favourite(self, progress: float, rng: Random) -> int:
        """Draw one of this user's favourite categories at a point of the period, `progress` from 0 to 1."""
        favourites = self.after if rng.random() < _DRIFT * progress else self.before
        chance = rng.random()
        return favourites[0 if chance < _INTEREST[0] else 1 if chance < _INTEREST[0] + _INTEREST[1] else 2]

    def interest(self, category: int, progress: float) -> float:
        """Return the probability that `favourite` draws a category."""
        drifted = _DRIFT * progress
        return sum(
            share * ((1 - drifted) * (old == category) + drifted * (new == category))
            for share, old, new in zip(_INTEREST, self.before, self.after, strict=True)
        )


@dataclass(frozen=True)
class Population:
    """All users, some of whom visit far more often than others."""

    users: list[User]
    cumulative: list[float]

    def draw(self, rng: Random) -> User:
        """Return a random user, in proportion to visit frequency."""
        return self.users[bisect(self.cumulative, rng.random() * self.cumulative[-1])]


def make_population(settings: Settings, catalogue: Catalogue) -> Population:
    """Generate the shop's users from the settings' seed."""
    rng, homes = settings.rng("people"), settings.rng("homes")
    users = [_make_user(number, settings, catalogue, rng, homes) for number in range(settings.users)]
    return Population(users, list(accumulate(rng.lognormvariate(0, 0.8) for _ in users)))


def user_record(user: User, catalogue: Catalogue) -> dict[str, object]:
    """Return a user as a record for POST /update-data; optional attributes are missing for some users."""
    record: dict[str, object] = {
        "user_id": user.user_id,
        "membership": user.membership,
        "created_at": rfc3339(user.created_ms),
    }
    last_digit = int(user.user_id[-1])
    if last_digit < 9:
        record["age_group"] = user.age_group
    if last_digit < 8:
        record["gender"] = user.gender
        record |= dict(zip(("country", "region", "city"), PLACES[user.place], strict=True))
    if last_digit < 7:
        record["device"] = user.devices[0][0]
        record["interests"] = "|".join(dict.fromkeys(catalogue.categories[index][1] for index in user.before[:2]))
    return record


def _make_user(number: int, settings: Settings, catalogue: Catalogue, rng: Random, homes: Random) -> User:
    categories = len(catalogue.categories)
    age = min(int(rng.triangular(0, len(AGE_GROUPS), 1.5)), len(AGE_GROUPS) - 1)
    membership = bisect((0.6, 0.88), rng.random())
    # Each age group favours a part of the category tree, so that a user's attributes predict preferences.
    start = age * categories // len(AGE_GROUPS)
    first, second, third, new, newer = ((start + int(abs(rng.gauss(0, categories / 3)))) % categories for _ in range(5))
    return User(
        user_id=f"user-{number:06d}",
        age_group=AGE_GROUPS[age],
        gender=GENDERS[bisect((0.49, 0.98), rng.random())],
        membership=MEMBERSHIPS[membership],
        before=(first, second, third),
        after=(new, first, newer),
        brands=(rng.randrange(len(BRANDS)), min(int(rng.expovariate(1 / 8)), len(BRANDS) - 1)),
        eagerness=0.12 + 0.08 * membership,
        offset_hours=rng.choice((0, 0, 0, 0, 1, 2, -5, -8, 9)),
        created_ms=settings.since_ms - int(rng.random() * 1000 * DAY_MS),
        place=first * len(PLACES) // categories
        if homes.random() < _LIVES_AMONG_ALIKE
        else homes.randrange(len(PLACES)),
        devices=_draw_devices(homes),
    )


def _draw_devices(rng: Random) -> tuple[tuple[str, str], ...]:
    kinds = ("phone", "desktop") if rng.random() < _PHONE else ("desktop", "phone")
    count = 2 if rng.random() < _SECOND_DEVICE else 1
    return tuple((kind, f"visitor-{rng.getrandbits(64):016x}") for kind in kinds[:count])
