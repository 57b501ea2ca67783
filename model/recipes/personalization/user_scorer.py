"""Scores every item for a user's history: transitions, item embeddings, the graph filter, repeats and popularity.

The parts are scaled to at most one each and summed with weights that are chosen on the newest tenth of the events, or
on a random tenth where times give no order (`blending`); a part with weight zero is not computed. A user is their
history only, so the next event changes the next answer; a user without history gets popular items, adjusted by context
and user features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.arrays.growable import GrowableRows
from model.recipes.embeddings.item_space import QUERY_DECAY as SPACE_DECAY
from model.recipes.graph_filter.score_part import QUERY_DECAY as FILTER_DECAY
from model.recipes.hold_out import HISTORY_LENGTH
from model.recipes.personalization.score_parts import (
    FALLBACK,
    SAME_FOR_ALL_USERS,
    Parts,
    blend,
    count_decayed,
    scale_to_one,
)
from model.recipes.personalization.user_models import UserModels
from model.recipes.popularity.popularity import count_users
from model.recipes.recipe import Contribution, Query, sort_contributions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData
    from model.recipes.graph_filter.settings import FilterSettings
    from model.recipes.personalization.lifts import Lifts
    from model.recipes.recipe import Event


SHARPNESS = 12.0  # inverse temperature of the softmax over scores
REPEAT_DECAY = 0.8  # of an item in the history relative to the next newer one


class UserScorer:
    """Scores all items for a history."""

    def __init__(
        self,
        item_ids: list[str],
        models: UserModels,
        users: NDArray[np.float32],
        recent: NDArray[np.float32],
        weights: Mapping[str, float],
        recency: bool = True,
    ) -> None:
        self.item_ids = item_ids
        self.item_of = {item: place for place, item in enumerate(item_ids)}
        self.weights = {**FALLBACK, **weights}
        self._uses_recency = recency
        self._models = models
        self._users = GrowableRows(users)
        self._most = float(np.log1p(users.max(initial=1)))
        self._popularity = GrowableRows((np.log1p(users) / self._most).astype(np.float32))
        self._recent = GrowableRows(recent)
        self._most_recent = scale_to_one(recent)

    @classmethod
    def fit(cls, data: TrainingData, weights: Mapping[str, float]) -> UserScorer:
        """Fit all parts; `weights` is the result of `blending.choose_weights`."""
        known = data.interactions
        with_interactions = set(known.item_ids)
        item_ids = [*known.item_ids, *(item for item in data.catalogue.item_ids if item not in with_interactions)]
        models = UserModels.fit(item_ids, data, {**FALLBACK, **weights})
        zeros = np.zeros(len(item_ids) - len(known.item_ids), np.float32)
        users, recent = (np.concatenate([counts, zeros]) for counts in (count_users(known), count_decayed(known)))
        return cls(item_ids, models, users, recent, weights, _uses_recency_bias(data.parameters))

    @property
    def recency(self) -> bool:
        """Whether newer items of a history count more: where the solution wants it and the events have an order."""
        return self._uses_recency and bool(self.weights["in_order"])

    @property
    def users(self) -> NDArray[np.float32]:
        """The number of different users of each item: float32 array of shape (items,)."""
        return self._users.rows

    @property
    def popularity(self) -> NDArray[np.float32]:
        """The number of users on a logarithmic scale from 0 to 1."""
        return self._popularity.rows

    def fit_graph_filter(self, known: Interactions, settings: FilterSettings) -> None:
        """Fit the graph filter, for weights that use it."""
        self._models.fit_graph_filter(known, settings)

    def positions_of(self, history: Sequence[str]) -> list[int]:
        """Return the positions of the known items of a history, newest first."""
        place_of = self.item_of
        return [place_of[item] for item in history[:HISTORY_LENGTH] if item in place_of]

    def parts(self, history: Sequence[int], wanted: Mapping[str, float]) -> Parts:
        """Return the parts of the score of every item for a history, newest first, not empty.

        `wanted` holds weights by part; a part of weight zero is left out.
        """
        values = {"popularity": self.popularity}
        scales = {"popularity": 1.0}
        if wanted["recent"]:
            values["recent"], scales["recent"] = self._recent.rows, self._most_recent
        decay = None if self.recency else 1.0
        for name, transitions in (("next", self._models.following), ("transitions", self._models.transitions)):
            if wanted[name]:
                values[name] = np.zeros(len(self.item_ids), np.float32)
                transitions.add_scores(history, values[name], decay)
        if wanted["space"]:
            space = self._models.space
            products = space.vectors @ space.user_vector(history, self._space_decay)
            values["space"] = np.maximum(products, np.float32(0), out=products)
        if wanted["filter"] and self._models.graph is not None:
            values["filter"] = self._models.graph.scores(history, self._filter_decay)
        if wanted["repeat"]:
            values["repeat"] = np.zeros(len(self.item_ids), np.float32)
            np.add.at(values["repeat"], list(history), np.array(self._repeat_weights(history), np.float32))
        return Parts(values, {name: scales.get(name) or scale_to_one(each) for name, each in values.items()})

    def score(self, query: Query, history: Sequence[int]) -> NDArray[np.float32]:
        """Return the score of every item, from 0 to about 1: float32 array of shape (items,).

        Of the query, only context and user_features are used; the history is newest first.
        """
        return self.score_with_parts(query, history)[0]

    def score_with_parts(self, query: Query, history: Sequence[int]) -> tuple[NDArray[np.float32], Parts | None]:
        """Return the score of every item, shape (items,), and the parts of the history's contribution.

        The parts are None for a user without history.
        """
        parts = self.parts(history, self.weights) if history else None
        scores = blend(parts, self.weights) if parts else self.popularity.copy()
        for lifts, condition, weight in self._conditions(query, bool(history)):
            lifts.add(condition, scores, weight)
        if self._models.objective is not None:
            scores *= self._models.objective.factors
        return scores, parts

    def explain_all(self, query: Query, history: Sequence[int], items: Sequence[int]) -> list[list[Contribution]]:
        """Return the contributions to the scores of some items: for each, the largest first, summing to its `score`."""
        positions = np.array(items, np.int64)
        columns: dict[str, NDArray[np.float32]] = {}
        if history:
            parts = self.parts(history, self.weights)
            by_history_item = np.zeros((len(history), positions.size), np.float32)
            for name, values in parts.values.items():
                factor = np.float32(self.weights[name] * parts.scales[name])
                if name in SAME_FOR_ALL_USERS:
                    columns[name] = factor * values[positions]
                elif factor:
                    by_history_item += (
                        factor * self._contributions_of(name, history, positions) * (values[positions] > 0)
                    )
            for source, row in zip(history, by_history_item, strict=True):
                name = f"item:{self.item_ids[source]}"
                columns[name] = columns[name] + row if name in columns else row
        else:
            columns["popularity"] = self.popularity[positions]
        for lifts, condition, weight in self._conditions(query, bool(history)):
            name = f"{'context' if lifts is self._models.context else 'person'}:{condition}"
            columns[name] = np.float32(weight) * lifts.of(condition, positions)
        objective = self._models.objective
        if objective is not None:
            total = np.sum(list(columns.values()), axis=0)
            columns[f"objective:{objective.column}"] = total * (objective.factors[positions] - 1)
        return sort_contributions(list(columns), np.stack(list(columns.values()), axis=1))

    def update(self, event: Event) -> None:
        """Apply one interaction."""
        place = self.item_of.get(event.item_id)
        if place is None:
            return
        previous = self.positions_of(event.previous)
        self._models.following.update(place, previous)
        self._models.transitions.update(place, previous)
        self._recent.rows[place] += 1
        self._most_recent = min(self._most_recent or 1.0, 1.0 / float(self._recent.rows[place]))
        if event.first:
            self.users[place] += 1
            self.popularity[place] = min(1.0, float(np.log1p(self.users[place])) / self._most)

    def put(self, item: CatalogueItem) -> None:
        """Append a new item, or update one that has changed."""
        place = self.item_of.setdefault(item.item_id, len(self.item_ids))
        self._models.put(place, item)
        if place == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._models.add()
            self._users.append(0.0)
            self._recent.append(0.0)
            self._popularity.append(0.0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        return {**self._models.arrays(), "people": self.users, "recent": self._recent.rows}

    def document(self) -> dict[str, Any]:
        """Return the rest of what `from_arrays` needs, as JSON values."""
        own = {"item_ids": self.item_ids, "weights": self.weights, "recency": self._uses_recency}
        return {**own, **self._models.document()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> UserScorer:
        """Restore a scorer from its saved arrays and document."""
        models = UserModels.from_arrays(arrays, document, len(document["item_ids"]))
        users, recent = arrays["people"], arrays["recent"]
        return cls(document["item_ids"], models, users, recent, document["weights"], document["recency"])

    @property
    def _space_decay(self) -> float:
        return SPACE_DECAY if self.recency else 1.0

    @property
    def _filter_decay(self) -> float:
        return FILTER_DECAY if self.recency else 1.0

    def _repeat_weights(self, history: Sequence[int]) -> list[float]:
        """Return the weight of each item of a history for its own repetition."""
        decay = REPEAT_DECAY if self.recency else 1.0
        return [decay**place for place in range(len(history))]

    def _contributions_of(self, name: str, history: Sequence[int], items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the contribution of each item of a history to a part of some scores: shape (history, items)."""
        decay = None if self.recency else 1.0
        if name == "next":
            return self._models.following.contributions(history, items, decay)
        if name == "transitions":
            return self._models.transitions.contributions(history, items, decay)
        if name == "repeat":
            weights = np.array(self._repeat_weights(history), np.float32)
            return np.where(np.array(history)[:, None] == items, weights[:, None], np.float32(0))
        if name == "filter" and self._models.graph is not None:
            return self._models.graph.contributions(history, items, self._filter_decay)
        return self._models.space.contributions(history, items, self._space_decay)

    def _conditions(self, query: Query, has_history: bool) -> Iterator[tuple[Lifts, str, float]]:
        """Yield the conditions of a query (context and user features), with the weight of their lifts.

        The scores of a user without history are logarithms of frequencies, to which lifts are added unscaled; with a
        history, the lifts are scaled by the chosen weights.
        """
        context = self.weights["context"] / SHARPNESS if has_history else 1.0 / self._most
        features = self.weights["features"] / SHARPNESS if has_history else 1.0 / self._most
        for column, value in query.context.items():
            yield self._models.context, f"{column}={value}", context
        for feature in query.user_features:
            yield self._models.features, feature, features


def _uses_recency_bias(parameters: Mapping[str, str]) -> bool:
    """Read apply_recency_bias (second versions) or recency_mask (first versions)."""
    stated = parameters.get("apply_recency_bias", parameters.get("recency_mask", "true"))
    return str(stated).lower() != "false"
