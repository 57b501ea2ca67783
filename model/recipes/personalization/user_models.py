"""The models behind the parts of a user's scores: fitted, updated, saved and loaded together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from model.datasets.percentiles import within_percentiles
from model.recipes.embeddings.content import Content
from model.recipes.embeddings.item_space import ItemSpace, dimensions_of
from model.recipes.graph_filter.score_part import SETTINGS, GraphFilterPart
from model.recipes.hold_out import in_order_of_times
from model.recipes.item_regression.score_part import ItemRegressionPart
from model.recipes.item_to_item.transition_counts import NEAR, NEXT, UNORDERED, WINDOW
from model.recipes.item_to_item.transitions import Transitions
from model.recipes.objective import Objective
from model.recipes.personalization.lifts import Lifts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData
    from model.recipes.graph_filter.settings import FilterSettings


@dataclass
class UserModels:
    """The models of all parts, except the number of users per item.

    Attributes
    ----------
    following, transitions : Transitions
        Next-item transitions, and co-occurrence within a window.
    context, features : Lifts
        Lifts of contextual metadata, and of user features.
    graph : GraphFilterPart or None
    regression : ItemRegressionPart or None
        None where the hold-out does not favour it, as the graph filter.
    """

    following: Transitions
    transitions: Transitions
    space: ItemSpace
    content: Content
    context: Lifts
    features: Lifts
    objective: Objective | None
    graph: GraphFilterPart | None
    regression: ItemRegressionPart | None

    @classmethod
    def fit(cls, item_ids: list[str], data: TrainingData, settings: Mapping[str, float]) -> UserModels:
        """Fit all models.

        Parameters
        ----------
        item_ids : list of str
            Those of the interactions, then those without interactions.
        settings : mapping
            With the keys of `score_parts.FALLBACK`.
        """
        known = data.interactions
        content = Content.fit(item_ids, data.catalogue)
        within = in_order_of_times(within_percentiles(known, data.parameters))
        near = replace(
            NEAR if settings["in_order"] else UNORDERED,
            window=min(WINDOW, int(float(data.parameters.get("bptt", WINDOW)))),
            exponent=settings["exponent"],
            shrinkage=settings["shrinkage"],
            query_decay=settings["query_decay"],
        )
        models = cls(
            Transitions.fit(within, NEXT),
            Transitions.fit(within, near),
            ItemSpace.fit(known, content.vectors, dimensions_of(data.parameters)),
            content,
            Lifts.of_context(known),
            Lifts.of_users(known, data.users),
            Objective.fit(item_ids, data),
            None,
            None,
        )
        if settings["filter"]:
            item_power, ideal_weight = settings["item_power"], settings["ideal_weight"]
            models.fit_graph_filter(known, replace(SETTINGS, item_power=item_power, ideal_weight=ideal_weight))
        models._make_room(len(item_ids))
        return models

    def fit_graph_filter(self, known: Interactions, settings: FilterSettings) -> None:
        """Fit the graph filter, which takes longer than all other models."""
        self.graph = GraphFilterPart.fit(known, self.content.vectors, settings)

    def put(self, place: int, item: CatalogueItem) -> None:
        """Append a new item (at the next position), or update one that has changed."""
        content = self.content.put(place, item.features)
        self.space.put(place, content)
        if self.graph is not None:
            self.graph.put(place, content)
        if self.objective is not None:
            self.objective.put(place, item.numbers)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        arrays = {
            **self.transitions.arrays(),
            **self.following.arrays("next"),
            **self.space.arrays(),
            **self.content.arrays(),
            **self.context.arrays("context"),
            **self.features.arrays("features"),
        }
        for part in (self.graph, self.regression, self.objective):
            arrays |= {} if part is None else part.arrays()
        return arrays

    def document(self) -> dict[str, Any]:
        """Return the rest of what `from_arrays` needs, as JSON values."""
        objective = self.objective
        return {
            "vocabulary": self.content.vocabulary,
            "context": self.context.conditions,
            "features": self.features.conditions,
            "objective": None if objective is None else {"column": objective.column, "strength": objective.strength},
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any], item_count: int
    ) -> UserModels:
        """Restore models from their saved arrays and document."""
        objective = document["objective"]
        models = cls(
            Transitions.from_arrays(arrays, "next"),
            Transitions.from_arrays(arrays),
            ItemSpace.from_arrays(arrays),
            Content.from_arrays(arrays, document["vocabulary"]),
            Lifts.from_arrays(arrays, "context", document["context"]),
            Lifts.from_arrays(arrays, "features", document["features"]),
            Objective.from_arrays(arrays, objective) if objective else None,
            GraphFilterPart.from_arrays(arrays),
            ItemRegressionPart.from_arrays(arrays),
        )
        models._make_room(item_count)
        return models

    def add(self) -> None:
        """Append an item without interactions."""
        self.following.add()
        self.transitions.add()

    def _make_room(self, item_count: int) -> None:
        for _ in range(self.transitions.size, item_count):
            self.add()
