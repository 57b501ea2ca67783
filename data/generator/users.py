"""The shop's users: what they like, how that changes over the month, and how they shop."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from data.generator.catalogue import DAY_MS
from data.generator.moments import rfc3339
from data.generator.words import AGE_GROUPS, BRANDS, GENDERS, MEMBERSHIPS

if TYPE_CHECKING:
    from random import Random

    from data.generator.catalogue import Catalogue
    from data.generator.settings import Settings

# How a user's interest is shared out among the favourite categories, the dearest first.
_INTEREST = (0.6, 0.3, 0.1)
# How far taste moves from what it was at the period's start to what it is at its end.
_DRIFT = 0.7


@dataclass(frozen=True, slots=True)
class User:
    """One user.

    Attributes
    ----------
    before, after
        Favourite categories at the start and at the end of the period, the dearest first.
    brands
        Favourite brands.
    eagerness
        Chance that something looked at is also bought into the cart.
    offset_hours
        Of the clock on this user's device.
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

    def favourite(self, progress: float, dice: Random) -> int:
        """Draw a category this user likes, `progress` (0 to 1) into the period."""
        favourites = self.after if dice.random() < _DRIFT * progress else self.before
        chance = dice.random()
        return favourites[0 if chance < _INTEREST[0] else 1 if chance < _INTEREST[0] + _INTEREST[1] else 2]

    def interest(self, category: int, progress: float) -> float:
        """Return the chance that `favourite` draws a category."""
        drifted = _DRIFT * progress
        return sum(
            share * ((1 - drifted) * (old == category) + drifted * (new == category))
            for share, old, new in zip(_INTEREST, self.before, self.after, strict=True)
        )


@dataclass(frozen=True)
class Crowd:
    """Everybody, some of whom come far more often than others."""

    users: list[User]
    cumulative: list[float]

    def draw(self, dice: Random) -> User:
        """Return who comes next."""
        return self.users[bisect(self.cumulative, dice.random() * self.cumulative[-1])]


def make_crowd(settings: Settings, catalogue: Catalogue) -> Crowd:
    """Make the shop's users from the settings' seed."""
    dice = settings.dice("people")
    users = [_make_user(number, settings, len(catalogue.categories), dice) for number in range(settings.users)]
    return Crowd(users, list(accumulate(dice.lognormvariate(0, 0.8) for _ in users)))


def user_record(user: User, catalogue: Catalogue) -> dict[str, object]:
    """Return a user as POST /update-data takes it; some tell less about themselves than others."""
    record: dict[str, object] = {
        "user_id": user.user_id,
        "membership": user.membership,
        "created_at": rfc3339(user.created_ms),
    }
    talkative = int(user.user_id[-1])
    if talkative < 9:
        record["age_group"] = user.age_group
    if talkative < 8:
        record["gender"] = user.gender
    if talkative < 7:
        record["interests"] = "|".join(dict.fromkeys(catalogue.categories[place][1] for place in user.before[:2]))
    return record


def _make_user(number: int, settings: Settings, categories: int, dice: Random) -> User:
    age = min(int(dice.triangular(0, len(AGE_GROUPS), 1.5)), len(AGE_GROUPS) - 1)
    membership = bisect((0.6, 0.88), dice.random())
    # Ages favour a part of the category tree, so that what is known about a user says something about taste.
    start = age * categories // len(AGE_GROUPS)
    first, second, third, new, newer = (
        (start + int(abs(dice.gauss(0, categories / 3)))) % categories for _ in range(5)
    )
    return User(
        user_id=f"user-{number:06d}",
        age_group=AGE_GROUPS[age],
        gender=GENDERS[bisect((0.49, 0.98), dice.random())],
        membership=MEMBERSHIPS[membership],
        before=(first, second, third),
        after=(new, first, newer),
        brands=(dice.randrange(len(BRANDS)), min(int(dice.expovariate(1 / 8)), len(BRANDS) - 1)),
        eagerness=0.12 + 0.08 * membership,
        offset_hours=dice.choice((0, 0, 0, 0, 1, 2, -5, -8, 9)),
        created_ms=settings.since_ms - int(dice.random() * 1000 * DAY_MS),
    )
