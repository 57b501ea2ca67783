"""Scores every item for a user's history: the weighted sum of the parts that `score_parts` names.

The parts are scaled to at most one each and summed with weights that are chosen on the newest tenth of the events, or
on a random tenth where times give no order (`blending`); a part with weight zero is not computed. A user is their
history only, so the next event changes the next answer; a user without history gets popular items, adjusted by context
and user features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.arrays.decay import decay_weights
from model.arrays.growable import GrowableRows
from model.recipes.embeddings.item_space import QUERY_DECAY as SPACE_DECAY
from model.recipes.graph_filter.score_part import QUERY_DECAY as FILTER_DECAY
from model.recipes.hold_out import HISTORY_LENGTH
from model.recipes.item_regression.score_part import MAX_ITEMS as MAX_REGRESSED_ITEMS
from model.recipes.item_regression.score_part import REGRESSED_ITEMS, ItemRegressionPart
from model.recipes.personalization.score_parts import (
    FALLBACK,
    SAME_FOR_ALL_USERS,
    Parts,
    Reach,
    blend,
    count_decayed,
    scale_to_one,
)
from model.recipes.personalization.user_models import UserModels
from model.recipes.popularity.popularity import count_users
from model.recipes.recipe import Contribution, Query, sort_contributions, wants_repeats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData
    from model.recipes.embeddings.item_space import ItemSpace
    from model.recipes.graph_filter.settings import FilterSettings
    from model.recipes.personalization.candidate_items import Candidates
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
        # Without an order, a history of items that others hardly share must not weigh as much as one of usual items:
        # a single event of a stranger would change its whole list.
        self._least = {} if self.weights["in_order"] else {"transitions": models.transitions.usual_highest()}

    @classmethod
    def fit(cls, data: TrainingData, weights: Mapping[str, float]) -> UserScorer:
        """Fit all parts; `weights` is the result of `blending.choose_weights`."""
        known = data.interactions
        with_interactions = set(known.item_ids)
        item_ids = [*known.item_ids, *(item for item in data.catalogue.item_ids if item not in with_interactions)]
        models = UserModels.fit(item_ids, data, {**FALLBACK, **weights})
        zeros = np.zeros(len(item_ids) - len(known.item_ids), np.float32)
        users, recent = (np.concatenate([counts, zeros]) for counts in (count_users(known), count_decayed(known)))
        chosen = {**weights, "repeats": float(wants_repeats(data.parameters))}
        scorer = cls(item_ids, models, users, recent, chosen, _uses_recency_bias(data.parameters))
        if scorer.weights["ridge"]:
            scorer.fit_regression(known, scorer.weights["penalty"])
        return scorer

    @property
    def recency(self) -> bool:
        """Whether newer items of a history count more: where the solution wants it and the events have an order."""
        return self._uses_recency and bool(self.weights["in_order"])

    @property
    def repeats(self) -> bool:
        """Whether lists show items of the history, where the query states nothing."""
        return bool(self.weights["repeats"])

    @property
    def users(self) -> NDArray[np.float32]:
        """The number of different users of each item: float32 array of shape (items,)."""
        return self._users.rows

    @property
    def popularity(self) -> NDArray[np.float32]:
        """The number of users on a logarithmic scale from 0 to 1."""
        return self._popularity.rows

    def popularity_score(self, items: int | slice | NDArray[np.int64], *, has_history: bool) -> Any:
        """Return the score of items to which neither a history nor a condition contributes: float32, as `items`."""
        score = self.popularity[items]
        if has_history:
            score = np.float32(self.weights["popularity"]) * score
            if self.weights["recent"]:
                score += np.float32(self.weights["recent"] * self._most_recent) * self._recent.rows[items]
        return score if self.factors is None else score * self.factors[items]

    @property
    def factors(self) -> NDArray[np.float32] | None:
        """The factor for each item's score that optimises the objective: shape (items,); None without an objective."""
        objective = self._models.objective
        return None if objective is None else objective.factors

    @property
    def space(self) -> ItemSpace:
        """The item embeddings."""
        return self._models.space

    def fit_graph_filter(self, known: Interactions, settings: FilterSettings) -> None:
        """Fit the graph filter, for weights that use it."""
        self._models.fit_graph_filter(known, settings)

    def fit_regression(self, known: Interactions, penalty: float, most_items: int = REGRESSED_ITEMS) -> None:
        """Fit the ridge regression, for weights that use it."""
        self._models.regression = ItemRegressionPart.fit(known, penalty, most_items, in_order=self.recency)

    def remove_graph_filter(self) -> None:
        """Remove the graph filter; its weight no longer counts."""
        self._models.graph = None

    def remove_regression(self) -> None:
        """Remove the ridge regression; its weight no longer counts."""
        self._models.regression = None

    def training_facts(self) -> dict[str, float]:
        """Return the weight of the ridge regression, 0 where the hold-out does not favour it, and whether it was tried.

        Catalogues with too many items are trained without it.
        """
        skipped = self._models.transitions.size > MAX_REGRESSED_ITEMS
        return {"ridge_weight": round(self.weights["ridge"], 4), "ridge_skipped": float(skipped)}

    def positions_of(self, history: Sequence[str]) -> list[int]:
        """Return the positions of the known items of a history, newest first."""
        place_of = self.item_of
        return [place_of[item] for item in history[:HISTORY_LENGTH] if item in place_of]

    def reach(self, history: Sequence[int], wanted: Mapping[str, float]) -> Reach:
        """Return what a history, newest first, not empty, contributes: its user vector and its sparse parts.

        `wanted` holds weights by part; a part of weight zero is left out.
        """
        models, decay = self._models, None if self.recency else 1.0
        sparse = {
            name: transitions.reach(history, decay)
            for name, transitions in (("next", models.following), ("transitions", models.transitions))
            if wanted[name]
        }
        if wanted["ridge"] and models.regression is not None:
            sparse["ridge"] = models.regression.reach(history)
        if wanted["filter"] and models.graph is not None:
            sparse["filter"] = models.graph.shortlist(history, self._filter_decay)
        if wanted["repeat"]:
            sparse["repeat"] = np.array(history, np.int64), self._repeat_weights(history)
        return Reach(sparse, models.space.user_vector(history, self._space_decay) if wanted["space"] else None)

    def parts(
        self,
        history: Sequence[int],
        wanted: Mapping[str, float],
        reach: Reach | None = None,
        among: Candidates | None = None,
    ) -> Parts:
        """Return the parts of the scores for a history, newest first, not empty.

        Parameters
        ----------
        wanted : mapping
            Weights by part; a part of weight zero is left out.
        reach : Reach, optional
            Of the same history and weights, if it is known.
        among : Candidates, optional
            The items to score, with all that the history reaches; by default, all items.
        """
        reach = self.reach(history, wanted) if reach is None else reach
        items = slice(None) if among is None else among.items
        values, scales = {"popularity": self.popularity[items]}, {"popularity": 1.0}
        if wanted["recent"]:
            values["recent"], scales["recent"] = self._recent.rows[items], self._most_recent
        for name, (reached, scores) in reach.sparse.items():
            values[name] = np.zeros(values["popularity"].size, np.float32)
            np.add.at(values[name], reached if among is None else among.places(reached), scores)
        if reach.user_vector is not None:
            values["space"] = self._models.space.scores(reach.user_vector, None if among is None else among.items)
        for name, each in values.items():
            scales[name] = scales.get(name) or scale_to_one(each, self._least.get(name, 0.0))
        return Parts(values, scales)

    def score(self, query: Query, history: Sequence[int]) -> NDArray[np.float32]:
        """Return the score of every item, from 0 to about 1: float32 array of shape (items,).

        Of the query, only context, user_features and repeats are used; the history is newest first.
        """
        return self.score_with_parts(query, history)[0]

    def score_with_parts(
        self, query: Query, history: Sequence[int], reach: Reach | None = None, among: Candidates | None = None
    ) -> tuple[NDArray[np.float32], Parts | None]:
        """Return the score of every item, shape (items,), and the parts of the history's contribution.

        The parts are None for a user without history. `reach` and `among` are as for `parts`.
        """
        weights = self.weights_for(query)
        items = slice(None) if among is None else among.items
        parts = self.parts(history, weights, reach, among) if history else None
        scores = blend(parts, weights) if parts else self.popularity[items].copy()
        for lifts, condition, weight in self.conditions(query, has_history=bool(history)):
            lifted, values = lifts.row(condition)
            if among is None:
                scores[lifted] += np.float32(weight) * values
            else:
                places, is_candidate = among.find(lifted)
                scores[places] += np.float32(weight) * values[is_candidate]
        if self.factors is not None:
            scores *= self.factors[items]
        return scores, parts

    def weights_for(self, query: Query) -> Mapping[str, float]:
        """Return the weights for a query: without the part of repeated items where the list shows none."""
        repeats = self.repeats if query.repeats is None else query.repeats
        return self.weights if repeats else {**self.weights, "repeat": 0.0}

    def conditions(self, query: Query, *, has_history: bool) -> Iterator[tuple[Lifts, str, float]]:
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

    def explain_all(self, query: Query, history: Sequence[int], items: Sequence[int]) -> list[list[Contribution]]:
        """Return the contributions to the scores of some items: for each, the largest first, summing to its `score`."""
        positions = np.array(items, np.int64)
        columns: dict[str, NDArray[np.float32]] = {}
        if history:
            weights = self.weights_for(query)
            parts = self.parts(history, weights)
            by_history_item = np.zeros((len(history), positions.size), np.float32)
            for name, values in parts.values.items():
                factor = np.float32(weights[name] * parts.scales[name])
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
        for lifts, condition, weight in self.conditions(query, has_history=bool(history)):
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
        if self.weights["in_order"]:
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

    def _repeat_weights(self, history: Sequence[int]) -> NDArray[np.float32]:
        """Return the weight of each item of a history for its own repetition."""
        return decay_weights(len(history), REPEAT_DECAY if self.recency else 1.0)

    def _contributions_of(self, name: str, history: Sequence[int], items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the contribution of each item of a history to a part of some scores: shape (history, items)."""
        decay = None if self.recency else 1.0
        if name == "next":
            return self._models.following.contributions(history, items, decay)
        if name == "transitions":
            return self._models.transitions.contributions(history, items, decay)
        if name == "ridge" and self._models.regression is not None:
            return self._models.regression.contributions(history, items)
        if name == "repeat":
            weights = self._repeat_weights(history)
            return np.where(np.array(history)[:, None] == items, weights[:, None], np.float32(0))
        if name == "filter" and self._models.graph is not None:
            return self._models.graph.contributions(history, items, self._filter_decay)
        return self._models.space.contributions(history, items, self._space_decay)


def _uses_recency_bias(parameters: Mapping[str, str]) -> bool:
    """Read apply_recency_bias (second versions) or recency_mask (first versions)."""
    stated = parameters.get("apply_recency_bias", parameters.get("recency_mask", "true"))
    return str(stated).lower() != "false"
