"""Evidence on how likely a user takes an action: log odds, counted from users' responses to earlier offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.datasets.interactions import Interactions

TAKEN, NOT_TAKEN, VIEWED = "taken", "nottaken", "viewed"
MIN_ANSWERS = 50  # TAKEN, and NOT_TAKEN or VIEWED, each, before an action gets a propensity
RECENT_SECONDS = 6 * 7 * 86400  # before the newest response (developer guide, "Next-Best-Action recipe")
SHRINKAGE = 10.0  # responses added to a rate; one of as many responses counts half
MAX_FEATURES = 500


def kind_of(event_type: str) -> str:
    """Normalise a response's event type: the guide has "Not taken" as well as "NOT_TAKEN"."""
    return event_type.lower().replace("_", "").replace(" ", "")


@dataclass(frozen=True)
class Offers:
    """Offers of actions and their results, by user and time.

    Attributes
    ----------
    users, actions : int arrays of shape (n,)
    times : int64 array of shape (n,)
    taken : float64 array of shape (n,)
        1.0 or 0.0.
    """

    users: NDArray[np.int32]
    actions: NDArray[np.int32]
    times: NDArray[np.int64]
    taken: NDArray[np.float64]


def find_offers(known: Interactions, item_ids: list[str], period_seconds: float) -> Offers:
    """Find the result of each offer; one not taken is dropped if the user takes the action within the period."""
    place_of = {item: place for place, item in enumerate(item_ids)}
    actions = np.array([place_of[item] for item in known.item_ids] or [0], np.int32)[known.items]
    taken_kinds = [place for place, kind in enumerate(known.event_types) if kind_of(kind) == TAKEN]
    taken = np.isin(known.kinds, taken_kinds)
    # By user and action, backwards in time: the next time that the action is taken.
    order = np.lexsort((known.times, actions, known.users))
    later = np.full(len(known), np.inf)
    upcoming, owner = np.inf, (-1, -1)
    for place in order[::-1].tolist():
        mine = (int(known.users[place]), int(actions[place]))
        if mine != owner:
            upcoming, owner = np.inf, mine
        if taken[place]:
            upcoming = float(known.times[place])
        later[place] = upcoming
    kept = taken | (later - known.times > period_seconds)
    return Offers(known.users[kept], actions[kept], known.times[kept], taken[kept].astype(np.float64))


class Evidence:
    """Log odds by action, user, user features and earlier actions, and each user's responses."""

    names = ("intercept", "action", "person", "features", "earlier")

    def __init__(
        self,
        counts: NDArray[np.float64],
        after: NDArray[np.float32],
        features: dict[str, NDArray[np.float32]],
        answers: dict[str, dict[int, list[int]]],
    ) -> None:
        self._counts = counts  # taken, not taken, and both within the last six weeks, by action
        self._after = after
        self._features = features
        self._answers = (
            answers  # by user and action: times taken, times not taken, time of the newest response (0: none)
        )

    @classmethod
    def fit(cls, offers: Offers, known: Interactions, item_ids: list[str], users: Catalogue) -> Evidence:
        """Count the responses to the offers of `known`."""
        size = len(item_ids)
        recent = offers.times >= int(offers.times.max(initial=0)) - RECENT_SECONDS
        counts = np.zeros((4, size))
        for row, (yes, which) in enumerate(((1, recent | True), (0, recent | True), (1, recent), (0, recent))):
            counts[row] = np.bincount(offers.actions[which & (offers.taken == yes)], minlength=size)
        found = cls(counts, _after(offers, size), _feature_lifts(offers, known, users, counts), {})
        for user, action, taken in zip(
            offers.users.tolist(), offers.actions.tolist(), offers.taken.tolist(), strict=True
        ):
            found._of(known.user_ids[user], action)[0 if taken else 1] += 1
        place_of = {item: place for place, item in enumerate(item_ids)}
        for user, item, kind, time in zip(
            known.users.tolist(), known.items.tolist(), known.kinds.tolist(), known.times.tolist(), strict=True
        ):
            if kind_of(known.event_types[kind]) != VIEWED:
                answer = found._of(known.user_ids[user], place_of[known.item_ids[item]])
                answer[2] = max(answer[2], time)
        return found

    def has_enough_answers(self) -> NDArray[np.bool_]:
        """Return which actions have enough responses for a propensity: bool array of shape (actions,)."""
        result: NDArray[np.bool_] = (self._counts[2] >= MIN_ANSWERS) & (self._counts[3] >= MIN_ANSWERS)
        return result

    def parts(self, user: str, features: Sequence[str]) -> NDArray[np.float64]:
        """Return the parts of the log odds of each action: shape (actions, parts)."""
        answers = self._answers.get(user, {})
        yes, no = sum(counts[0] for counts in answers.values()), sum(counts[1] for counts in answers.values())
        parts = np.zeros((self._counts.shape[1], len(self.names)))
        parts[:, 0] = 1.0
        parts[:, 1] = self._base()
        parts[:, 2] = _log_odds(yes, no, self._rate())
        for feature in features:
            if feature in self._features:
                parts[:, 3] += self._features[feature]
        for action, answer in answers.items():
            if answer[0]:
                parts[:, 4] += self._after[action]
        return parts

    def example_parts(self, offers: Offers, known: Interactions, users: Catalogue) -> NDArray[np.float64]:
        """Return the parts of each training example, from the data before it: shape (n, parts).

        `offers` are those of `fit`, sorted by user and time.
        """
        base, rate = self._base(), self._rate()
        features_of = dict(zip(users.item_ids, users.features, strict=True))
        parts = np.zeros((offers.times.size, len(self.names)))
        parts[:, 0] = 1.0
        parts[:, 1] = base[offers.actions]
        user, yes, no, earlier = -1, 0, 0, set[int]()
        after = np.zeros(self._counts.shape[1])  # change of the log odds by the user's earlier actions
        own_features: tuple[str, ...] = ()
        for place, action in enumerate(offers.actions.tolist()):
            if int(offers.users[place]) != user:
                user, yes, no, earlier = int(offers.users[place]), 0, 0, set()
                after = np.zeros(self._counts.shape[1])
                own_features = features_of.get(known.user_ids[user], ())
            parts[place, 2] = _log_odds(yes, no, rate)
            parts[place, 3] = sum(
                float(self._features[feature][action]) for feature in own_features if feature in self._features
            )
            parts[place, 4] = after[action]
            if offers.taken[place]:
                yes += 1
                if action not in earlier:
                    earlier.add(action)
                    after += self._after[action]
            else:
                no += 1
        return parts

    def add_answer(self, user: str, action: int, event_type: str, time: int) -> None:
        """Apply a user's response at epoch seconds; an action's overall rate changes with the next training only."""
        kind = kind_of(event_type)
        if kind in {TAKEN, NOT_TAKEN}:
            answer = self._of(user, action)
            answer[0 if kind == TAKEN else 1] += 1
            answer[2] = max(answer[2], time)

    def last_answers(self, user: str) -> dict[int, int]:
        """Return when a user last took or declined each action (epoch seconds)."""
        return {action: answer[2] for action, answer in self._answers.get(user, {}).items() if answer[2]}

    def add_action(self) -> None:
        """Append an action without responses."""
        self._counts = np.pad(self._counts, ((0, 0), (0, 1)))
        self._after = np.pad(self._after, ((0, 1), (0, 1)))
        self._features = {name: np.pad(row, (0, 1)) for name, row in self._features.items()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        listed = [
            (user, action, *answer)
            for user, answers in enumerate(self._answers.values())
            for action, answer in answers.items()
        ]
        features = np.array(list(self._features.values()), np.float32)
        features = features.reshape(len(self._features), self._counts.shape[1])
        answers = np.array(listed, np.int64).reshape(-1, 5)
        return {"counts": self._counts, "after": self._after, "features": features, "answers": answers}

    def document(self) -> dict[str, Any]:
        """Return the rest of what `from_arrays` needs, as JSON values."""
        return {"features": list(self._features), "persons": list(self._answers)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> Evidence:
        """Restore evidence from its saved arrays and document."""
        features = dict(zip(document["features"], arrays["features"], strict=True))
        answers: dict[str, dict[int, list[int]]] = {}
        for user, action, *answer in arrays["answers"].tolist():
            answers.setdefault(document["persons"][user], {})[action] = answer
        return cls(arrays["counts"], arrays["after"], features, answers)

    def _of(self, user: str, action: int) -> list[int]:
        return self._answers.setdefault(user, {}).setdefault(action, [0, 0, 0])

    def _rate(self) -> float:
        yes, no = float(self._counts[0].sum()), float(self._counts[1].sum())
        return (yes + 1) / (yes + no + 2)

    def _base(self) -> NDArray[np.float64]:
        """Return the log odds of each action over all users."""
        rate = self._rate()
        yes = self._counts[0] + SHRINKAGE * rate
        no = self._counts[1] + SHRINKAGE * (1 - rate)
        result: NDArray[np.float64] = np.log(yes / no)
        return result


def _log_odds(yes: float, no: float, rate: float) -> float:
    """Return the difference of a user's log odds from those of all users, shrunk where there are few responses."""
    odds = (yes + SHRINKAGE * rate) / (no + SHRINKAGE * (1 - rate))
    return float(np.log(odds * (1 - rate) / rate))


def _after(offers: Offers, size: int) -> NDArray[np.float32]:
    """Return the change of the log odds of an action (column) by an earlier action (row)."""
    # By the later action (row), so that all earlier ones are counted with one vector addition.
    yes, no = np.zeros((size, size)), np.zeros((size, size))
    user, earlier = -1, np.zeros(size)
    for owner, action, taken in zip(offers.users.tolist(), offers.actions.tolist(), offers.taken.tolist(), strict=True):
        if owner != user:
            user, earlier = owner, np.zeros(size)
        (yes if taken else no)[action] += earlier
        if taken:
            earlier[action] = 1.0
    return _change(yes.T, no.T, *_totals(offers, size))


def _feature_lifts(
    offers: Offers, known: Interactions, users: Catalogue, counts: NDArray[np.float64]
) -> dict[str, NDArray[np.float32]]:
    """Return the change of each action's log odds by user feature."""
    features_of = dict(zip(users.item_ids, users.features, strict=True))
    seen: dict[str, NDArray[np.float64]] = {}
    for user, action, taken in zip(offers.users.tolist(), offers.actions.tolist(), offers.taken.tolist(), strict=True):
        for feature in features_of.get(known.user_ids[user], ()):
            if feature in seen or len(seen) < MAX_FEATURES:
                seen.setdefault(feature, np.zeros((2, counts.shape[1])))[0 if taken else 1, action] += 1
    return {feature: _change(table[0], table[1], counts[0], counts[1]) for feature, table in seen.items()}


def _totals(offers: Offers, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    taken = offers.taken == 1
    return (
        np.bincount(offers.actions[taken], minlength=size),
        np.bincount(offers.actions[~taken], minlength=size),
    )


def _change(
    yes: NDArray[np.float64], no: NDArray[np.float64], all_yes: NDArray[Any], all_no: NDArray[Any]
) -> NDArray[np.float32]:
    """Return the shrunk difference of log odds from those of all users."""
    rate = (all_yes + 1) / (all_yes + all_no + 2)
    odds = (yes + SHRINKAGE * rate) / (no + SHRINKAGE * (1 - rate))
    result: NDArray[np.float32] = np.log(odds * (1 - rate) / rate).astype(np.float32)
    return result
