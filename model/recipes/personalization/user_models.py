"""What is learnt for a user's scores: the models of all parts, fitted, changed and kept as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from model.datasets.percentiles import within_percentiles
from model.recipes.embeddings.content import Content
from model.recipes.embeddings.item_space import ItemSpace, dimensions_of
from model.recipes.graph_filter.score_part import SETTINGS, GraphFilterPart
from model.recipes.item_to_item.transition_counts import NEAR, NEXT, WINDOW
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
    """What is learnt, beside the number of users by item.

    Attributes
    ----------
    following, transitions : Transitions
        What comes next, and what comes within some steps.
    context, features : Lifts
        By the circumstances of a question, and by what is known of a user.
    graph : FilterPart or None
        None where the hold-out does not ask for it.
    """

    following: Transitions
    transitions: Transitions
    space: ItemSpace
    content: Content
    context: Lifts
    features: Lifts
    objective: Objective | None
    graph: GraphFilterPart | None

    @classmethod
    def fit(cls, item_ids: list[str], data: TrainingData, settings: Mapping[str, float]) -> UserModels:
        """Learn all parts.

        Parameters
        ----------
        item_ids : list of str
            Those of the interactions, then those that nobody has touched.
        settings : mapping
            With the keys of `parts.FALLBACK`.
        """
        known = data.interactions
        content = Content.fit(item_ids, data.catalogue)
        heeded = within_percentiles(known, data.parameters)
        near = replace(
            NEAR,
            window=min(WINDOW, int(float(data.parameters.get("bptt", WINDOW)))),
            exponent=settings["exponent"],
            shrinkage=settings["shrinkage"],
            query_decay=settings["query_decay"],
        )
        learnt = cls(
            Transitions.fit(heeded, NEXT),
            Transitions.fit(heeded, near),
            ItemSpace.fit(known, content.vectors, dimensions_of(data.parameters)),
            content,
            Lifts.of_context(known),
            Lifts.of_users(known, data.users),
            Objective.fit(item_ids, data),
            None,
        )
        if settings["filter"]:
            learnt.fit_graph_filter(known)
        learnt._make_room(len(item_ids))
        return learnt

    def fit_graph_filter(self, known: Interactions, settings: FilterSettings = SETTINGS) -> None:
        """Learn the graph filter, which takes longer than all else.

        Parameters
        ----------
        known : Interactions
            Those that the other models have learnt from.
        """
        self.graph = GraphFilterPart.fit(known, self.content.vectors, settings)

    def put(self, place: int, item: CatalogueItem) -> None:
        """Take in a new item, whose place is the next, or a changed one."""
        content = self.content.put(place, item.features)
        self.space.put(place, content)
        if self.graph is not None:
            self.graph.put(place, content)
        if self.objective is not None:
            self.objective.put(place, item.numbers)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that was learnt, by name."""
        found = {
            **self.transitions.arrays(),
            **self.following.arrays("next"),
            **self.space.arrays(),
            **self.content.arrays(),
            **self.context.arrays("context"),
            **self.features.arrays("features"),
        }
        for part in (self.graph, self.objective):
            found |= {} if part is None else part.arrays()
        return found

    def document(self) -> dict[str, Any]:
        """Return what `from_arrays` needs beside the arrays."""
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
        """Make models of what `arrays` and `document` returned."""
        objective = document["objective"]
        learnt = cls(
            Transitions.from_arrays(arrays, "next"),
            Transitions.from_arrays(arrays),
            ItemSpace.from_arrays(arrays),
            Content.from_arrays(arrays, document["vocabulary"]),
            Lifts.from_arrays(arrays, "context", document["context"]),
            Lifts.from_arrays(arrays, "features", document["features"]),
            Objective.from_arrays(arrays, objective) if objective else None,
            GraphFilterPart.from_arrays(arrays),
        )
        learnt._make_room(item_count)
        return learnt

    def add(self) -> None:
        """Make room for one more item, which nobody has touched."""
        self.following.add()
        self.transitions.add()

    def _make_room(self, item_count: int) -> None:
        for _ in range(self.transitions.size, item_count):
            self.add()
