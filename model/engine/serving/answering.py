"""Answers a request with a served recipe: filters, promotions, and items that the use case leaves out.

The same functions answer API requests and lines of batch jobs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from model.arrays.top_k import NEVER, top_k
from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS, ITEMS
from model.engine.personalize.errors import InvalidInputError
from model.engine.serving.explanations import EXPLANATION, explain_items, explain_placement
from model.engine.serving.promotions import count_promoted, mix
from model.recipes.personalization.personalized_ranking import PersonalizedRanking
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.recipe import POPULAR, PROMOTED, Query, Recommendation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.engine.filters.compiled import CompiledFilter
    from model.engine.serving.served import Served
    from model.engine.storage.dataset_group import DatasetGroup
    from model.recipes.recipe import Recipe

ITEM_TARGET, ACTION_TARGET = "ItemID", "ActionID"  # targets of filter expressions
BY_USER = frozenset({INTERACTIONS, ACTION_INTERACTIONS})  # conditions on these need a current user
UNKNOWN_ITEM = ""  # no item has this id, so its row has no values, like that of an item without data

_draw = np.random.default_rng()


class PredictedItem(msgspec.Struct, rename="camel", omit_defaults=True):
    """One item of an answer, with the members of the API."""

    item_id: str
    score: float | None = None
    promotion_name: str | None = None
    metadata: dict[str, str] | None = None
    reason: list[str] | None = None


@dataclass(frozen=True)
class Restriction:
    """A filter with values for its placeholders."""

    filter: CompiledFilter
    values: Mapping[str, str]


@dataclass(frozen=True)
class Promotion:
    """A share of the list for items of a filter."""

    name: str
    percent: int
    restriction: Restriction


@dataclass(frozen=True)
class RecommendationRequest:
    """A request to a served recipe.

    Attributes
    ----------
    query : Query
        Without `allowed`, which the restriction determines.
    count : int
        Items of the answer, at most.
    explained : bool
        Whether the metadata of each item explain its score.
    """

    query: Query
    count: int
    restriction: Restriction | None = None
    promotion: Promotion | None = None
    explained: bool = False


def recommend(served: Served, group: DatasetGroup, request: RecommendationRequest) -> list[PredictedItem]:
    """Return recommended items, or actions, best first."""
    query = _restricted(served, group, request.query, request.restriction)
    promoted: list[PredictedItem] = []
    if request.promotion is not None:
        promoted = _promoted(served, group, request, request.promotion)
    taken = {item.item_id for item in promoted}
    recommended = _top(served, group, query, request.count - len(promoted), taken)
    others = [_predicted_item(served, recommendation) for recommendation in recommended]
    if request.explained:
        _explain(others, explain_items(served.recipe, query, recommended))
        _explain(promoted, {item.item_id: explain_placement(f"promotion:{item.promotion_name}") for item in promoted})
    return mix(promoted, others, _draw) if promoted else others


def rank(
    served: Served, group: DatasetGroup, request: RecommendationRequest, item_ids: Sequence[str]
) -> list[PredictedItem]:
    """Rank given items for a user, without those that the filter removes; the count of the request is not used."""
    recipe = served.recipe
    if not isinstance(recipe, PersonalizedRanking):
        raise InvalidInputError(f"the recipe {served.named.name} does not rank given items: use GetRecommendations")
    kept = item_ids
    if request.restriction is not None:
        kept = _allowed_ids(served, group, request.restriction, request.query, item_ids)
    recommended = recipe.rank(request.query, kept)
    ranked = [_predicted_item(served, recommendation) for recommendation in recommended]
    if request.explained:
        scored = [recommendation for recommendation in recommended if recommendation.score is not None]
        _explain(ranked, explain_items(recipe, request.query, scored))
    return ranked


def _top(served: Served, group: DatasetGroup, query: Query, count: int, taken: set[str]) -> list[Recommendation]:
    """Return the top items that are neither taken nor hidden from the user, filled up with popular items."""
    if not count:
        return []
    hidden = taken | _hidden(served, group, query.user)
    top = served.recipe.recommend(_without(served.recipe, query, hidden), count)
    if len(top) < count and served.named.reasons:
        known = hidden.union(recommendation.item_id for recommendation in top)
        top += _popular_items(served, query, count - len(top), known)
    return top[:count]


def _popular_items(served: Served, query: Query, count: int, hidden: set[str]) -> list[Recommendation]:
    """Return popular items, without scores, for a list that a filter has shortened.

    Developer guide, "Recommendation reasons (User-Personalization-v2)".
    """
    recipe = served.recipe
    if query.allowed is None or not isinstance(recipe, UserPersonalization):
        return []
    popular = np.where(query.allowed & (recipe.popularity > 0), recipe.popularity, NEVER)
    ids = [recipe.item_ids[place] for place in top_k(popular, count + len(hidden)).tolist()]
    return [Recommendation(item_id, None, POPULAR) for item_id in ids if item_id not in hidden]


def _promoted(
    served: Served, group: DatasetGroup, request: RecommendationRequest, promotion: Promotion
) -> list[PredictedItem]:
    # The request's filter applies to the other items only (developer guide, "Promotion filters").
    query = replace(_restricted(served, group, request.query, promotion.restriction), exploration=0.0)
    query = _without(served.recipe, query, _hidden(served, group, query.user))
    top = served.recipe.recommend(query, count_promoted(request.count, promotion.percent))
    return [_predicted_item(served, recommendation._replace(reason=PROMOTED), promotion.name) for recommendation in top]


def _without(recipe: Recipe, query: Query, hidden: set[str]) -> Query:
    """Return a query that does not allow some items; a longer list without them would have its new ones elsewhere."""
    places = [recipe.item_of[item_id] for item_id in hidden if item_id in recipe.item_of]
    if not places:
        return query
    allowed = np.ones(len(recipe.item_ids), np.bool_) if query.allowed is None else query.allowed.copy()
    allowed[places] = False
    return replace(query, allowed=allowed)


def _restricted(served: Served, group: DatasetGroup, query: Query, restriction: Restriction | None) -> Query:
    if restriction is None:
        return query
    table = group.tables[served.catalogue_type]
    # The rows first: an item without data gets an empty row, which the filter then evaluates.
    rows = served.rows_in(table)
    return replace(query, allowed=_allowed_rows(group, restriction, query).take(rows))


def _allowed_ids(
    served: Served, group: DatasetGroup, restriction: Restriction, query: Query, item_ids: Sequence[str]
) -> list[str]:
    table = group.tables[ITEMS]
    served.rows_in(table)
    # Only items that the user interacted with get new rows: clients could send any number of other ids.
    seen = set[str]().union(*group.interactions.items_by_event_type(query.user).values())
    table.intern(seen.intersection(item_ids))
    empty_row = int(table.intern([UNKNOWN_ITEM])[0])
    allowed = _allowed_rows(group, restriction, query)
    rows = [table.row(item_id) for item_id in item_ids]
    return [item_id for item_id, row in zip(item_ids, rows, strict=True) if allowed[empty_row if row is None else row]]


def _allowed_rows(group: DatasetGroup, restriction: Restriction, query: Query) -> NDArray[np.bool_]:
    compiled = restriction.filter
    needs_user = compiled.datasets & BY_USER or any(clause.user_conditions for clause in compiled.clauses)
    if needs_user and not query.user:
        raise InvalidInputError("userId is required with a filter on interactions or on CurrentUser")
    return compiled.allowed(group, query.user, query.item_id, restriction.values)


def _hidden(served: Served, group: DatasetGroup, user: str) -> set[str]:
    """Return the items that the use case leaves out: those that the user has bought, or watched."""
    kind = served.named.hidden_after
    if kind is None or not user:
        return set()
    return group.interactions.items_by_event_type(user).get(kind.lower(), set())


def _explain(items: Sequence[PredictedItem], texts: Mapping[str, str]) -> None:
    for item in items:
        if item.item_id in texts:
            item.metadata = {EXPLANATION: texts[item.item_id]}


def _predicted_item(served: Served, recommendation: Recommendation, promotion_name: str | None = None) -> PredictedItem:
    # As with Amazon, the second versions give every reason; here, every recipe labels items ranked by popularity only.
    has_reason = served.named.reasons or recommendation.reason == POPULAR
    reason = recommendation.reason if has_reason else None
    return PredictedItem(
        recommendation.item_id,
        recommendation.score if served.named.scores else None,
        promotion_name,
        reason=[reason] if reason else None,
    )
