"""The recipes of Amazon Personalize by name: which algorithm answers each, and what it takes.

Names, parameters, defaults and ranges: developer guide, one page per recipe, as of November 2026.
"""

from __future__ import annotations

from typing import Any

from model.recipes.actions.next_best_action import DEFAULT_PERIOD, PERIOD, NextBestAction
from model.recipes.item_to_item.semantic_similarity import SemanticSimilarity
from model.recipes.item_to_item.similar_items import SimilarItems, Sims
from model.recipes.personalization import cold_start
from model.recipes.personalization.cold_start import ColdStart
from model.recipes.personalization.personalized_ranking import PersonalizedRanking
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.popularity.popularity import Popularity
from model.recipes.popularity.trending import FREQUENCIES, FREQUENCY, Trending
from model.recipes.segments.user_segments import AttributeAffinity, ItemAffinity
from model.registry.named_recipe import RANKING_METRICS, TREND_METRICS, NamedRecipe, Parameter

TRUTHS = ("true", "false")
USER, ITEM, LIST = ("userId",), ("itemId",), ("userId", "inputList")
SEGMENT_METRICS = ("coverage", "hit", "recall")

HISTORY = {
    "min_user_history_length_percentile": Parameter("0.0", featurization=True),
    "max_user_history_length_percentile": Parameter("0.99", featurization=True),
}
COLD_START = {
    cold_start.MAX_INTERACTIONS: Parameter("15", 1, 1e9, integer=True, featurization=True),
    cold_start.MAX_DAYS: Parameter("5.0", 0, 1e6, featurization=True),
    cold_start.RELATIVE_FROM: Parameter("latestItem", choices=cold_start.STARTS, featurization=True),
}
SECOND_VERSION: dict[str, Any] = {
    "parameters": {"apply_recency_bias": Parameter("true", choices=TRUTHS)},
    "metrics": RANKING_METRICS,
    "scores": True,
    "reasons": True,
    "context": True,
}


def _network(hidden: str) -> dict[str, Parameter]:
    return {
        "hidden_dimension": Parameter(hidden, 32, 256, integer=True, tunable=True),
        "bptt": Parameter("32", 2, 32, integer=True, tunable=True),
        "recency_mask": Parameter("true", choices=TRUTHS, tunable=True),
        **HISTORY,
    }


def _first_version(hidden: str = "149", **more: Any) -> dict[str, Any]:
    return {"parameters": _network(hidden), "metrics": RANKING_METRICS, "scores": True, "context": True, **more}


PERSONAL = (
    NamedRecipe(
        "aws-user-personalization-v2",
        "USER_PERSONALIZATION",
        UserPersonalization,
        "Items for a user, by transitions from their latest items, with exploration of new items",
        needs=USER,
        explores=True,
        **SECOND_VERSION,
    ),
    NamedRecipe(
        "aws-user-personalization",
        "USER_PERSONALIZATION",
        UserPersonalization,
        "Items for a user, with exploration of new items",
        needs=USER,
        explores=True,
        exploration_set=True,
        objective=True,
        update_training=True,
        **_first_version(),
    ),
    NamedRecipe(
        "aws-hrnn",
        "USER_PERSONALIZATION",
        UserPersonalization,
        "Items for a user (legacy)",
        needs=USER,
        **_first_version("43"),
    ),
    NamedRecipe(
        "aws-hrnn-metadata",
        "USER_PERSONALIZATION",
        UserPersonalization,
        "Items for a user, with metadata (legacy)",
        needs=USER,
        **_first_version("43"),
    ),
    NamedRecipe(
        "aws-hrnn-coldstart",
        "USER_PERSONALIZATION",
        ColdStart,
        "Items for a user, with a fixed share of new items (legacy)",
        needs=USER,
        update_training=True,
        **{**_first_version(), "parameters": {**_network("149"), **COLD_START}},
    ),
    NamedRecipe(
        "aws-personalized-ranking-v2",
        "PERSONALIZED_RANKING",
        PersonalizedRanking,
        "A given list, ranked for a user",
        needs=LIST,
        promotions=False,
        **SECOND_VERSION,
    ),
    NamedRecipe(
        "aws-personalized-ranking",
        "PERSONALIZED_RANKING",
        PersonalizedRanking,
        "A given list, ranked for a user",
        needs=LIST,
        promotions=False,
        **_first_version(),
    ),
)

RELATED = (
    NamedRecipe(
        "aws-similar-items",
        "RELATED_ITEMS",
        SimilarItems,
        "Items similar to an item, by co-occurrence and by metadata",
        parameters={
            "popularity_discount_factor": Parameter("0.0"),
            "item_id_hidden_dim": Parameter("100", 30, 200, integer=True, tunable=True, only_tuned=True),
            "item_metadata_hidden_dim": Parameter("100", 30, 200, integer=True, tunable=True, only_tuned=True),
        },
        needs=ITEM,
        metrics=RANKING_METRICS,
        themes=True,
    ),
    NamedRecipe(
        "aws-sims",
        "RELATED_ITEMS",
        Sims,
        "Items similar to an item, by co-occurrence",
        parameters={
            "popularity_discount_factor": Parameter("0.5", tunable=True),
            "min_cointeraction_count": Parameter("3", 0, 10, integer=True, tunable=True),
            "min_user_history_length_percentile": Parameter("0.005", featurization=True),
            "max_user_history_length_percentile": Parameter("0.995", featurization=True),
            "min_item_interaction_count_percentile": Parameter("0.01", featurization=True),
            "max_item_interaction_count_percentile": Parameter("0.9", featurization=True),
        },
        needs=ITEM,
        metrics=RANKING_METRICS,
    ),
)

POPULAR = (
    NamedRecipe(
        "aws-popularity-count",
        "POPULAR_ITEMS",
        Popularity,
        "Items by their number of different users",
        metrics=RANKING_METRICS,
    ),
    NamedRecipe(
        "aws-trending-now",
        "POPULAR_ITEMS",
        Trending,
        "Items whose rate of interactions rises above their usual one",
        parameters={FREQUENCY: Parameter("2 hours", choices=FREQUENCIES, featurization=True)},
        metrics=TREND_METRICS,
        batch=False,
    ),
)

OTHERS = (
    NamedRecipe(
        "aws-semantic-similarity",
        "RELATED_ITEMS",
        SemanticSimilarity,
        "Items with the same meaning as an item, by their names, texts and categories",
        needs=ITEM,
        datasets=("ITEMS",),
        metrics=("coverage", "similarity", "popularity", "freshness"),
        influence=True,
        incremental_update=True,
    ),
    NamedRecipe(
        "aws-next-best-action",
        "PERSONALIZED_ACTIONS",
        NextBestAction,
        "Actions that a user is likely to take next",
        parameters={PERIOD: Parameter(DEFAULT_PERIOD, 7, 28, integer=True, featurization=True)},
        needs=USER,
        datasets=("INTERACTIONS", "ACTIONS"),
        metrics=("coverage", "precision", "recall", "auc"),
        scores=True,
        batch=False,
        promotions=False,
    ),
    NamedRecipe(
        "aws-item-affinity",
        "USER_SEGMENTATION",
        ItemAffinity,
        "Users that are likely to interact with an item",
        parameters={"hidden_dimension": Parameter("149", 32, 256, integer=True, tunable=True)},
        metrics=SEGMENT_METRICS,
        promotions=False,
    ),
    NamedRecipe(
        "aws-item-attribute-affinity",
        "USER_SEGMENTATION",
        AttributeAffinity,
        "Users that are likely to interact with items that have some attributes",
        parameters={"hidden_dimension": Parameter("149", 32, 256, integer=True, tunable=True)},
        datasets=("INTERACTIONS", "ITEMS"),
        metrics=SEGMENT_METRICS,
        promotions=False,
    ),
)

AMAZON_RECIPES = (*PERSONAL, *RELATED, *POPULAR, *OTHERS)
