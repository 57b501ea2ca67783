"""Answers: what a served recipe says to a question, with filters, promotions and what a user has had already.

Requests and batch jobs ask the same way; nothing here knows of either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from model.arrays.top_k import NEVER, top_k
from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS, ITEMS
from model.engine.personalize.errors import InvalidInputError
from model.engine.serving.explanations import EXPLANATION, explanations, placed_by
from model.engine.serving.promotions import mixed, promoted_places
from model.recipes.personalization.personalized_ranking import PersonalizedRanking
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.recipe import POPULAR, PROMOTED, Query, Recommendation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.engine.filters.compiled import CompiledFilter
    from model.engine.serving.served import Served
    from model.engine.storage.dataset_group import DatasetGroup

ITEM_TARGET, ACTION_TARGET = "ItemID", "ActionID"  # what filters choose from
BY_USER = frozenset({INTERACTIONS, ACTION_INTERACTIONS})  # conditions on these are about whoever asks
UNKNOWN_ITEM = ""  # no item has this id, so its row holds nothing, as that of an item nobody has described

_draw = np.random.default_rng()


class PredictedItem(msgspec.Struct, rename="camel", omit_defaults=True):
    """One place of an answer, as it goes over the wire.

    Attributes
    ----------
    score : float, optional
    promotion_name : str, optional
    metadata : dict of str, optional
    reason : list of str, optional
    """

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
class Question:
    """What is asked of a served recipe.

    Attributes
    ----------
    query : Query
        Its `allowed` is set here.
    count : int
        The most items that are answered.
    restriction : Restriction, optional
    promotion : Promotion, optional
    explained : bool
        Whether the items' metadata say why they are in the answer.
    """

    query: Query
    count: int
    restriction: Restriction | None = None
    promotion: Promotion | None = None
    explained: bool = False


def recommend(served: Served, group: DatasetGroup, question: Question) -> list[PredictedItem]:
    """Answer with items, or actions, best first.

    Parameters
    ----------
    group : DatasetGroup
        The one that `served` was trained on.

    Raises
    ------
    InvalidInputError
        A filter lacks a value, or has one that it cannot use.
    """
    query = _restricted(served, group, question.query, question.restriction)
    promoted: list[PredictedItem] = []
    if question.promotion is not None:
        promoted = _promoted(served, group, question, question.promotion)
    taken = {one.item_id for one in promoted}
    wanted = question.count - len(promoted)
    found = _best(served, group, query, wanted, taken)
    others = [_shown(served, one) for one in found]
    if question.explained:
        _explain(others, explanations(served.recipe, query, found))
        _explain(promoted, {one.item_id: placed_by(f"promotion:{one.promotion_name}") for one in promoted})
    return mixed(promoted, others, _draw) if promoted else others


def rank(served: Served, group: DatasetGroup, question: Question, item_ids: Sequence[str]) -> list[PredictedItem]:
    """Put given items into a user's order; those that the filter removes are left out.

    Parameters
    ----------
    served : Served
        With a ranking recipe.
    question : Question
        Its count is not looked at.

    Raises
    ------
    InvalidInputError
        A filter lacks a value, or has one that it cannot use; or the recipe ranks nothing.
    """
    recipe = served.recipe
    if not isinstance(recipe, PersonalizedRanking):
        raise InvalidInputError(f"the recipe {served.named.name} ranks no given items: ask for recommendations")
    kept = item_ids
    if question.restriction is not None:
        kept = _allowed_ids(served, group, question.restriction, question.query, item_ids)
    found = recipe.rank(question.query, kept)
    ranked = [_shown(served, one) for one in found]
    if question.explained:
        _explain(ranked, explanations(recipe, question.query, [one for one in found if one.score is not None]))
    return ranked


def _best(served: Served, group: DatasetGroup, query: Query, count: int, taken: set[str]) -> list[Recommendation]:
    """Return the best that are neither taken nor hidden from the user, filled up with popular items."""
    hidden = taken | _hidden(served, group, query.user)
    found = served.recipe.recommend(query, count + len(hidden))
    if hidden:
        found = [one for one in found if one.item_id not in hidden]
    if len(found) < count and served.named.reasons:
        found += _fill(served, query, count - len(found), hidden.union(one.item_id for one in found))
    return found[:count]


def _fill(served: Served, query: Query, count: int, hidden: set[str]) -> list[Recommendation]:
    """Return popular items for a list that a filter has starved, without scores.

    Developer guide, "Recommendation reasons (User-Personalization-v2)".
    """
    recipe = served.recipe
    if query.allowed is None or not isinstance(recipe, UserPersonalization):
        return []
    popular = np.where(query.allowed & (recipe.popularity > 0), recipe.popularity, NEVER)
    ids = [recipe.item_ids[place] for place in top_k(popular, count + len(hidden)).tolist()]
    return [Recommendation(one, None, POPULAR) for one in ids if one not in hidden]


def _promoted(served: Served, group: DatasetGroup, question: Question, promotion: Promotion) -> list[PredictedItem]:
    # The request's own filter is for the other items only (developer guide, "Promotion filters").
    query = replace(
        _restricted(served, group, question.query, promotion.restriction),
        exploration=0.0,
    )
    hidden = _hidden(served, group, query.user)
    places = promoted_places(question.count, promotion.percent)
    found = served.recipe.recommend(query, places + len(hidden))
    return [
        _shown(served, replace(one, reason=PROMOTED), promotion.name) for one in found if one.item_id not in hidden
    ][:places]


def _restricted(served: Served, group: DatasetGroup, query: Query, restriction: Restriction | None) -> Query:
    if restriction is None:
        return query
    table = group.tables[served.catalogue_type]
    # First the rows: an item without data gets its row there, and the filter then says something of it.
    rows = served.rows_in(table)
    return replace(query, allowed=_allowed_rows(group, restriction, query).take(rows))


def _allowed_ids(
    served: Served, group: DatasetGroup, restriction: Restriction, query: Query, item_ids: Sequence[str]
) -> list[str]:
    table = group.tables[ITEMS]
    served.rows_in(table)
    # Ids that clients make up get no rows of their own, since there is no end to them; those of interactions do.
    seen = {one for items in group.interactions.recent(query.user).values() for one in items}
    table.intern(seen.intersection(item_ids))
    nothing = int(table.intern([UNKNOWN_ITEM])[0])
    allowed = _allowed_rows(group, restriction, query)
    rows = [table.row(one) for one in item_ids]
    return [one for one, row in zip(item_ids, rows, strict=True) if allowed[nothing if row is None else row]]


def _allowed_rows(group: DatasetGroup, restriction: Restriction, query: Query) -> NDArray[np.bool_]:
    used = restriction.filter
    if not query.user and (used.datasets & BY_USER or any(clause.user_conditions for clause in used.clauses)):
        raise InvalidInputError("userId is required with a filter that looks at interactions or at CurrentUser")
    return used.allowed(group, query.user, query.item_id, restriction.values)


def _hidden(served: Served, group: DatasetGroup, user: str) -> set[str]:
    """Return what the use case leaves out by itself: what the user has bought, or watched."""
    kind = served.named.hidden_after
    if kind is None or not user:
        return set()
    return set(group.interactions.recent(user).get(kind.lower(), ()))


def _explain(items: Sequence[PredictedItem], texts: Mapping[str, str]) -> None:
    for one in items:
        if one.item_id in texts:
            one.metadata = {EXPLANATION: texts[one.item_id]}


def _shown(served: Served, one: Recommendation, promotion_name: str | None = None) -> PredictedItem:
    # As with Amazon, the second versions give every reason; here, no recipe shows what is merely popular unsaid.
    reason = one.reason if served.named.reasons or one.reason == POPULAR else None
    return PredictedItem(
        one.item_id,
        one.score if served.named.scores else None,
        promotion_name,
        reason=[reason] if reason else None,
    )
