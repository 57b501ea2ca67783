"""The rules of CampaignConfig and RecommenderConfig."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError
from model.engine.storage.dataset_group import ITEMS

if TYPE_CHECKING:
    from model.registry.named_recipe import NamedRecipe

EXPLORATION = "itemExplorationConfig"
WEIGHT, AGE = "explorationWeight", "explorationItemAgeCutOff"
METADATA = "enableMetadataWithRecommendations"
SYNCHRONISED = "syncWithLatestSolutionVersion"
INFLUENCE = "rankingInfluence"
NOT_METADATA = frozenset({"ITEM_ID"})


def check_explores(recipe: NamedRecipe, config: dict[str, Any]) -> None:
    """Check the exploration of a campaign or recommender: whether its recipe has one, and the values."""
    given = config.get(EXPLORATION) or {}
    if given and not recipe.exploration_set:
        raise InvalidInputError(f"{recipe.name} has no {EXPLORATION}: omit it")
    check_exploration(given)


def check_exploration(given: dict[str, str]) -> None:
    """Check the values of an itemExplorationConfig."""
    most = {WEIGHT: 1.0, AGE: float("inf")}
    for name, value in given.items():
        if name not in most:
            raise InvalidInputError(f"{EXPLORATION} has {' and '.join(most)}, not {name}")
        try:
            fits = 0 <= float(value) <= most[name]
        except ValueError:
            fits = False
        if not fits:
            span = "from 0 to 1" if name == WEIGHT else "of days, at least 0"
            raise InvalidInputError(f"{EXPLORATION}.{name} must be a number {span}, not {value}")


def exploration_of(given: dict[str, str]) -> tuple[float, float]:
    """Return the exploration weight and the maximum age in days of explored items, with defaults for missing values."""
    return float(given.get(WEIGHT, limits.EXPLORATION_WEIGHT)), float(given.get(AGE, limits.EXPLORATION_AGE_DAYS))


def check_metadata(config: dict[str, Any], columns_of: dict[str, set[str]]) -> None:
    """Check that the Items dataset has metadata columns if a configuration enables metadata."""
    if config.get(METADATA) and not columns_of.get(ITEMS, set()) - NOT_METADATA:
        raise InvalidInputError(f"{METADATA} needs an Items dataset with a metadata column")


def check_influence(recipe: NamedRecipe, config: dict[str, Any]) -> None:
    """Check that the recipe supports the ranking influence of a campaign."""
    if config.get(INFLUENCE) and not recipe.influence:
        raise InvalidInputError(f"{recipe.name} has no {INFLUENCE}; aws-semantic-similarity has one")


def check_throughput(name: str, config: dict[str, Any]) -> None:
    """Check the minimum provisioned requests per second."""
    if config.get(name, 1) > limits.TPS_PER_CAMPAIGN:
        raise InvalidInputError(f"{name} may be {limits.TPS_PER_CAMPAIGN} at most, not {config[name]}")
