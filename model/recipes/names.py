"""The recipes of Amazon Personalize by name: which algorithm answers each, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from model.recipes.personalized_ranking import PersonalizedRanking
from model.recipes.popularity import Popularity
from model.recipes.similar_items import SimilarItems
from model.recipes.trending import Trending
from model.recipes.user_personalization import UserPersonalization

if TYPE_CHECKING:
    from model.recipes.recipe import Recipe

RecipeType = Literal["USER_PERSONALIZATION", "RELATED_ITEMS", "POPULAR_ITEMS", "PERSONALIZED_RANKING"]


@dataclass(frozen=True)
class NamedRecipe:
    """A recipe as the service lists it.

    Attributes
    ----------
    name : str
        Such as "aws-similar-items".
    kind : str
        The recipe type, which says what a question to it must hold.
    algorithm : type of Recipe
    description : str
    parameters : dict
        Hyper-parameters with their defaults.
    ranges : dict
        Lowest and highest value of those that are numbers.
    explores : bool
        Whether new items are tried on people.
    reasons : bool
        Whether answers carry reasons (the second versions do).
    """

    name: str
    kind: RecipeType
    algorithm: type[Recipe]
    description: str
    parameters: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    explores: bool = False
    reasons: bool = False


_HISTORY = {"min_user_history_length_percentile": "0.0", "max_user_history_length_percentile": "0.99"}
_NETWORK = {"hidden_dimension": "43", "bptt": "32", "recency_mask": "true", **_HISTORY}
_NETWORK_RANGES = {
    "hidden_dimension": (32.0, 256.0),
    "bptt": (2.0, 32.0),
    "min_user_history_length_percentile": (0.0, 1.0),
    "max_user_history_length_percentile": (0.0, 1.0),
}

# Names, parameters, defaults and ranges: developer guide, one page per recipe, as of November 2026.
RECIPES: dict[str, NamedRecipe] = {
    recipe.name: recipe
    for recipe in (
        NamedRecipe(
            "aws-user-personalization-v2",
            "USER_PERSONALIZATION",
            UserPersonalization,
            "Items for a person, by what usually follows their latest items, with new items tried",
            {"apply_recency_bias": "true"},
            explores=True,
            reasons=True,
        ),
        NamedRecipe(
            "aws-user-personalization",
            "USER_PERSONALIZATION",
            UserPersonalization,
            "Items for a person, with new items tried",
            {**_NETWORK, "hidden_dimension": "149"},
            _NETWORK_RANGES,
            explores=True,
        ),
        NamedRecipe(
            "aws-hrnn", "USER_PERSONALIZATION", UserPersonalization, "Items for a person", _NETWORK, _NETWORK_RANGES
        ),
        NamedRecipe(
            "aws-hrnn-metadata",
            "USER_PERSONALIZATION",
            UserPersonalization,
            "Items for a person, with metadata",
            _NETWORK,
            _NETWORK_RANGES,
        ),
        NamedRecipe(
            "aws-hrnn-coldstart",
            "USER_PERSONALIZATION",
            UserPersonalization,
            "Items for a person, new ones among them",
            {**_NETWORK, "hidden_dimension": "149"},
            _NETWORK_RANGES,
            explores=True,
        ),
        NamedRecipe(
            "aws-personalized-ranking-v2",
            "PERSONALIZED_RANKING",
            PersonalizedRanking,
            "A given list in the order that suits a person",
            {"apply_recency_bias": "true"},
            reasons=True,
        ),
        NamedRecipe(
            "aws-personalized-ranking",
            "PERSONALIZED_RANKING",
            PersonalizedRanking,
            "A given list in the order that suits a person",
            {**_NETWORK, "hidden_dimension": "149"},
            _NETWORK_RANGES,
        ),
        NamedRecipe(
            "aws-similar-items",
            "RELATED_ITEMS",
            SimilarItems,
            "Items like an item, by what people touch together and by metadata",
            {"popularity_discount_factor": "0.0"},
            {"popularity_discount_factor": (0.0, 1.0)},
        ),
        NamedRecipe(
            "aws-sims",
            "RELATED_ITEMS",
            SimilarItems,
            "Items like an item, by what people touch together",
            {"popularity_discount_factor": "0.5", "min_cointeraction_count": "3"},
            {"popularity_discount_factor": (0.0, 1.0), "min_cointeraction_count": (0.0, 10.0)},
        ),
        NamedRecipe(
            "aws-popularity-count",
            "POPULAR_ITEMS",
            Popularity,
            "Items by the number of different people who touched them",
        ),
        NamedRecipe(
            "aws-trending-now",
            "POPULAR_ITEMS",
            Trending,
            "Items whose rate of interactions rises above their usual one",
        ),
    )
}
