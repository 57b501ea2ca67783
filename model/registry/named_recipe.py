"""A named recipe: its algorithm, parameters and metrics, and what requests, campaigns and solutions may use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from model.recipes.recipe import Recipe, UnsuitableDataError

if TYPE_CHECKING:
    from model.datasets.training_data import TrainingData
    from model.recipes.segments.segment_recipe import SegmentRecipe

RecipeType = Literal[
    "USER_PERSONALIZATION",
    "RELATED_ITEMS",
    "POPULAR_ITEMS",
    "PERSONALIZED_RANKING",
    "PERSONALIZED_ACTIONS",
    "USER_SEGMENTATION",
]
Domain = Literal["ECOMMERCE", "VIDEO_ON_DEMAND"]
MIN_EVENTS_OF_TYPE = 1000  # of each event type that a use case requires (developer guide, "... use cases")
CUTOFFS = (5, 10, 25)
RANKING_METRICS = (
    "coverage",
    "mean_reciprocal_rank_at_25",
    *(f"normalized_discounted_cumulative_gain_at_{cutoff}" for cutoff in CUTOFFS),
    *(f"precision_at_{cutoff}" for cutoff in CUTOFFS),
)
TREND_METRICS = (*RANKING_METRICS, "trend_prediction_accuracy")


@dataclass(frozen=True)
class Parameter:
    """A hyper-parameter of a recipe (developer guide, "Properties and hyperparameters" of each recipe).

    Attributes
    ----------
    least, most : float
        Bounds of a number, both included; unused where there are `choices`.
    choices : tuple of str
        All values that a categorical parameter can have; empty for a number.
    only_tuned : bool
        Whether only hyper-parameter optimisation may set it.
    featurization : bool
        Whether it belongs to featureTransformationParameters, not to algorithmHyperParameters.
    """

    default: str
    least: float = 0.0
    most: float = 1.0
    integer: bool = False
    choices: tuple[str, ...] = ()
    tunable: bool = False
    only_tuned: bool = False
    featurization: bool = False

    def refusal(self, value: str) -> str | None:
        """Return the rule that a value breaks, such as "must be a number"; None where the value is valid."""
        if self.choices:
            known = {choice.lower() for choice in self.choices}
            return None if value.lower() in known else f"must be one of {', '.join(self.choices)}"
        kind = "a whole number" if self.integer else "a number"
        try:
            # float() also reads the digits of other scripts.
            number = float(value if value.isascii() else "")
        except ValueError:
            return f"must be {kind}"
        if not self.least <= number <= self.most:
            return f"must be {kind} from {self.least:g} to {self.most:g}"
        return None if not self.integer or number.is_integer() else "must be a whole number"


@dataclass(frozen=True)
class NamedRecipe:
    """A recipe as the service lists it.

    Attributes
    ----------
    kind : str
        The recipe type, which determines the operation that queries it.
    domain : str, optional
        Of a use case, which only recommenders have.
    needs : tuple of str
        Parameters that a request must have: userId, itemId, inputList.
    datasets : tuple of str
        Dataset types without which it is not trained.
    required_events : tuple of str
        Event types of which a thousand each are needed.
    hidden_after : str, optional
        Items with which the user has an interaction of this event type are left out of answers.
    metrics : tuple of str
        Names of the metrics of `GetSolutionMetrics`, besides those that depend on the solution.
    """

    name: str
    kind: RecipeType
    algorithm: type[Recipe | SegmentRecipe]
    description: str
    domain: Domain | None = None
    parameters: dict[str, Parameter] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ("INTERACTIONS",)
    required_events: tuple[str, ...] = ()
    hidden_after: str | None = None
    metrics: tuple[str, ...] = ()
    # Answers carry scores; and a reason where there is one (the second versions).
    scores: bool = False
    reasons: bool = False
    # New items are explored; by default, or as the campaign's itemExplorationConfig states.
    explores: bool = False
    exploration_set: bool = False
    # What requests, campaigns and solutions may use.
    context: bool = False
    promotions: bool = True
    objective: bool = False
    influence: bool = False
    update_training: bool = False
    incremental_update: bool = False
    batch: bool = True
    themes: bool = False

    @property
    def recommends_actions(self) -> bool:
        """Whether it recommends actions (GetActionRecommendations), from Action interactions, instead of items."""
        return self.kind == "PERSONALIZED_ACTIONS"

    @property
    def makes_segments(self) -> bool:
        """Whether it selects users for an item or for attributes of items, in batch segment jobs only."""
        return self.kind == "USER_SEGMENTATION"

    @property
    def defaults(self) -> dict[str, str]:
        """The default values of all hyper-parameters that a solution may set."""
        return {name: parameter.default for name, parameter in self.parameters.items() if not parameter.only_tuned}

    @property
    def recommender(self) -> type[Recipe]:
        """The algorithm of a recipe that recommends items or actions."""
        if not issubclass(self.algorithm, Recipe):
            raise TypeError(f"{self.name} makes segments of users; it recommends no items")
        return self.algorithm

    def prepare(self, data: TrainingData) -> TrainingData:
        """Select the training data that the recipe uses, and check that they suffice.

        Returns
        -------
        TrainingData
            With the interactions of the right event types and every parameter that has a default.

        Raises
        ------
        UnsuitableDataError
            There are too few of a required event type, or an id has several rows.
        """
        for ids in (data.catalogue.item_ids, data.users.item_ids):
            if len(set(ids)) < len(ids):
                repeated, count = Counter(ids).most_common(1)[0]
                raise UnsuitableDataError(f"there are {count} rows of the id {repeated!r}; keep one of them")
        known = data.interactions
        by_type = dict.fromkeys((kind.lower() for kind in known.event_types), 0)
        for kind, count in zip(
            known.event_types, np.bincount(known.kinds, minlength=len(known.event_types)), strict=True
        ):
            by_type[kind.lower()] += int(count)
        for event_type in self.required_events:
            event_count = by_type.get(event_type.lower(), 0)
            if event_count < MIN_EVENTS_OF_TYPE:
                raise UnsuitableDataError(
                    f"{self.name} needs at least {MIN_EVENTS_OF_TYPE} events of the type {event_type}; "
                    f"there are {event_count}"
                )
        used = [place for place, kind in enumerate(known.event_types) if self.algorithm.uses_event_type(kind)]
        if len(used) < len(known.event_types):
            known = known.where(np.isin(known.kinds, used)).without_unused()
        # The default percentiles drop the shortest and longest histories, which disturb networks but not these
        # algorithms: only percentiles that a solution states are applied.
        defaults = {
            name: parameter.default
            for name, parameter in self.parameters.items()
            if not (parameter.featurization or parameter.only_tuned)
        }
        return replace(data, interactions=known, parameters={**defaults, **data.parameters})
