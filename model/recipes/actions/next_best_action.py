"""Next best action: the propensity of a user to take each action, by logistic regression.

An example is an offer to a user (an action viewed, taken or not taken). Its parts are the log odds of the action, of
this user's responses, of user features, and of the user's earlier actions; the regression fits their weights (developer
guide, "Next-Best-Action recipe").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from model.arrays.growable import GrowableRows
from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER, top_k
from model.recipes.actions.action_evidence import Evidence, Offers, find_offers
from model.recipes.objective import numbers_of
from model.recipes.recipe import Contribution, Event, Query, Recipe, Recommendation, sort_contributions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.training_data import TrainingData

PERIOD = "action_optimization_period"
DEFAULT_PERIOD = "14"  # days (developer guide, "Next-Best-Action recipe")
EXPIRATIONS = ("EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP")  # both names occur in the developer guide
REPEAT_FREQUENCY, VALUE = "REPEAT_FREQUENCY", "VALUE"
SECONDS_PER_DAY = 86400
STEP = 0.01  # propensities that differ by less are equal, and the action's value decides
EXPLORED_SHARE = 0.2  # of a list that goes to actions without a propensity
MAX_LOG_ODDS = 30.0
ROUNDS = 25  # at most, of Newton's method, which converges after about six
RIDGE = 1.0


@dataclass
class ActionTerms:
    """The metadata of the actions, one number per action; 0 where there is none."""

    expires: GrowableRows  # epoch seconds
    repeat_days: GrowableRows
    value: GrowableRows  # from 0 to 1

    @classmethod
    def of(cls, item_ids: list[str], data: TrainingData) -> ActionTerms:
        """Read the columns of the Actions dataset."""
        columns = {}
        for name in (*EXPIRATIONS, REPEAT_FREQUENCY, VALUE):
            values = numbers_of(name, item_ids, data.catalogue)
            columns[name] = np.zeros(len(item_ids)) if values is None else np.nan_to_num(values)
        expires = np.maximum(columns[EXPIRATIONS[0]], columns[EXPIRATIONS[1]])
        value = columns[VALUE] / max(1.0, float(np.abs(columns[VALUE]).max(initial=0)))
        return cls(GrowableRows(expires), GrowableRows(columns[REPEAT_FREQUENCY]), GrowableRows(np.maximum(0, value)))

    def put(self, place: int, numbers: Mapping[str, float]) -> None:
        """Append a new action (at the next position), or update one that has changed."""
        expires = max(numbers.get(name, 0.0) for name in EXPIRATIONS)
        value = min(1.0, max(0.0, numbers.get(VALUE, 0.0) / 10))  # values go from 1 to 10 (guide, "Actions dataset")
        for rows, number in (
            (self.expires, expires),
            (self.repeat_days, numbers.get(REPEAT_FREQUENCY, 0.0)),
            (self.value, value),
        ):
            if place == len(rows):
                rows.append(number)
            else:
                rows.rows[place] = number


class NextBestAction(Recipe):
    """Actions by propensity; 0.0 while an action has too few responses."""

    def __init__(
        self, item_ids: list[str], evidence: Evidence, terms: ActionTerms, weights: NDArray[np.float64], newest: int
    ) -> None:
        self.item_ids = item_ids
        self.item_of = {item: place for place, item in enumerate(item_ids)}
        self._evidence = evidence
        self._terms = terms
        self._weights = weights
        self._newest = newest

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        known = data.interactions
        listed = set(data.catalogue.item_ids)
        item_ids = [*data.catalogue.item_ids, *(item for item in known.item_ids if item not in listed)]
        period = float(data.parameters.get(PERIOD, DEFAULT_PERIOD)) * SECONDS_PER_DAY
        offers = find_offers(known, item_ids, period)
        evidence = Evidence.fit(offers, known, item_ids, data.users)
        weights = _regression(evidence.example_parts(offers, known, data.users), offers)
        newest = int(known.times.max(initial=0))
        return cls(item_ids, evidence, ActionTerms.of(item_ids, data), weights, newest)

    def propensity(self, query: Query) -> NDArray[np.float32]:
        """Return the user's propensity to take each action, from 0 to 1: float32 array of shape (actions,).

        It is 0.0 where the action has too few responses.
        """
        parts = self._evidence.parts(query.user, query.user_features)
        likely = _likelihood(parts @ self._weights)
        result: NDArray[np.float32] = np.where(self._evidence.has_enough_answers(), likely, 0.0).astype(np.float32)
        return result

    def share_with_propensity(self) -> float:
        """Return the share of the actions that have enough responses for a propensity."""
        return float(self._evidence.has_enough_answers().mean()) if self.item_ids else 0.0

    def score(self, query: Query) -> NDArray[np.float32]:
        """Return the propensities in steps of a hundredth, plus less than a step for the action's value."""
        steps = np.floor(self.propensity(query) / np.float32(STEP)) * np.float32(STEP)
        scores: NDArray[np.float32] = (steps + self._terms.value.rows * (STEP * 0.99)).astype(np.float32)
        scores[~self._available(query)] = NEVER
        return scores

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: D102
        scores = self.score(query)
        if query.allowed is not None:
            scores[~query.allowed] = NEVER
        likely = self.propensity(query)
        ranked = top_k(np.where(likely > 0, scores, NEVER), count).tolist()
        untried = top_k(self._rotate_daily(query, np.where(likely > 0, NEVER, scores)), count).tolist()
        # Actions without a propensity get the last places, since they collect no responses unless they are shown.
        explored = min(len(untried), max(count - len(ranked), round(count * EXPLORED_SHARE)))
        chosen = [*ranked[: count - explored], *untried[:explored]]
        return [Recommendation(self.item_ids[place], round(float(likely[place]), 4)) for place in chosen]

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:
        """Return by how much each part changes the propensity when it is added to the parts before it."""
        places = [self.item_of[item] for item in item_ids]
        totals, known = self.score(query)[places], self._evidence.has_enough_answers()[places]
        parts = self._evidence.parts(query.user, query.user_features)[places] * self._weights
        likely = _likelihood(np.cumsum(parts, axis=1))
        # The intercept belongs to the action: the first two are one part.
        changes = np.column_stack([likely[:, 1], np.diff(likely[:, 1:], axis=1), totals - likely[:, -1]])
        contributions = sort_contributions((*self._evidence.names[1:], "value"), changes)
        value_only = [[Contribution("value", total)] for total in totals.tolist()]
        return [
            parts if explained else value
            for parts, value, explained in zip(
                contributions, value_only, (known & np.isfinite(totals)).tolist(), strict=True
            )
        ]

    def update(self, event: Event) -> None:  # noqa: D102
        self._newest = max(self._newest, event.time)
        place = self.item_of.get(event.item_id)
        if place is not None and event.user:
            self._evidence.add_answer(event.user, place, event.event_type, event.time)

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        place = self.item_of.setdefault(item.item_id, len(self.item_ids))
        self._terms.put(place, item.numbers)
        if place == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._evidence.add_action()

    def save(self, directory: Path) -> None:  # noqa: D102
        terms = self._terms
        arrays: dict[str, NDArray[Any]] = {
            **self._evidence.arrays(),
            "expires": terms.expires.rows,
            "repeat_days": terms.repeat_days.rows,
            "value": terms.value.rows,
            "weights": self._weights,
        }
        write_model(directory, arrays, {"item_ids": self.item_ids, "newest": self._newest, **self._evidence.document()})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        terms = ActionTerms(*(GrowableRows(arrays[name]) for name in ("expires", "repeat_days", "value")))
        evidence = Evidence.from_arrays(arrays, document)
        return cls(document["item_ids"], evidence, terms, arrays["weights"], document["newest"])

    def _available(self, query: Query) -> NDArray[np.bool_]:
        """Return which actions have not expired and may be offered to the user again."""
        now = query.now or self._newest
        expires = self._terms.expires.rows
        offered: NDArray[np.bool_] = (expires == 0) | (expires > now)
        for place, answered in self._evidence.last_answers(query.user).items():
            wait = float(self._terms.repeat_days.rows[place]) * SECONDS_PER_DAY
            if wait and now < answered + wait:
                offered[place] = False
        return offered

    def _rotate_daily(self, query: Query, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rotate the actions without a propensity daily, so that each is first on some days."""
        day = (query.now or self._newest) // SECONDS_PER_DAY
        turn = (np.arange(scores.size) - day) % max(1, scores.size)
        result: NDArray[np.float32] = np.where(scores > NEVER, scores - turn / max(1, scores.size), NEVER)
        return result.astype(np.float32)


def _likelihood(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of log odds, clipped so that it is never exactly 0 or 1."""
    result: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS)))
    return result


def _regression(parts: NDArray[np.float64], offers: Offers) -> NDArray[np.float64]:
    """Fit the weights of the parts by Newton's method, with a ridge penalty towards one (and a zero intercept)."""
    prior = np.ones(parts.shape[1])
    prior[0] = 0.0
    weights = prior.copy()
    for _ in range(ROUNDS):
        likely = _likelihood(parts @ weights)
        gradient = parts.T @ (likely - offers.taken) + RIDGE * (weights - prior)
        hessian = (parts * (likely * (1 - likely))[:, None]).T @ parts + RIDGE * np.eye(parts.shape[1])
        step = np.linalg.solve(hessian, gradient)
        weights -= step
        if float(np.abs(step).max()) < 1e-6:
            break
    return weights
