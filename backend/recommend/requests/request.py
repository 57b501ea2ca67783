"""A request for recommendations, whatever operation it came by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from backend.recommend.filters import FilterChoice

RequestKind = Literal["recommendations", "similar-items", "popular", "rerank"]

DEFAULT_RESULTS = 25
MAX_RESULTS = 100
# Amazon Personalize: an answer with metadata columns has at most 50 items (developer guide, "Item metadata in
# recommendations"), and explanations are such a column.
MAX_EXPLAINED_RESULTS = 50


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a stored answer.

    Attributes
    ----------
    start
        Position of the first item, from 0.
    answered_at
        Of the stored answer, in milliseconds since the epoch; None for the first page, which may get a new answer.
    """

    start: int = 0
    answered_at: int | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """Items that a part of a list is given to.

    Attributes
    ----------
    filter
        Which items are promoted.
    percent
        The share of the list, from 1 to 100.
    """

    filter: FilterChoice
    percent: int


@dataclass(frozen=True, slots=True)
class RecommendationRequest:
    """One request for recommendations.

    Attributes
    ----------
    slot, variation
        The place of the list in the shop, and the variation of an experiment: the answer's served list records both.
    context
        The circumstances of the request by context column, in the order of the names.
    derives_context
        Whether the other context columns come from the headers and the time.
    with_details
        Whether each item is described.
    has_popular_fallback
        Whether popular items are the answer where the user or item is unknown.
    page
        The part of the list that is wanted; None for its first items alone.
    promotion
        Of the operations with a query only, since rankings have none.
    model
        The solution whose campaign answers, or `custom`; None for the operation's own.
    """

    kind: RequestKind
    user_id: str | None = None
    item_id: str | None = None
    items: tuple[str, ...] = ()
    num_results: int = DEFAULT_RESULTS
    with_explanations: bool = False
    filter: FilterChoice | None = None
    slot: str | None = None
    variation: str | None = None
    context: tuple[tuple[str, str], ...] = ()
    derives_context: bool = False
    with_details: bool = False
    has_popular_fallback: bool = False
    page: Page | None = None
    promotion: Promotion | None = None
    model: str | None = None

    @property
    def key(self) -> str:
        """The key of the stored answer, which serves all lengths, and every slot and variation."""
        filtered: list[Any] = [self.filter.key] if self.filter else []
        if self.context:
            filtered.append(["context", self.context])
        if self.promotion:
            filtered.append(["promotion", self.promotion.percent, *self.promotion.filter.key])
        if self.model:
            filtered.append(["model", self.model])
        if self.kind == "rerank":
            return f"rerank#{self.user_id}#{_hash([*self.items, *filtered])}"
        subject = self.user_id or self.item_id
        # A prefix, since an id may hold any characters and is last.
        kind = f"explained-{self.kind}" if self.with_explanations else self.kind
        if filtered:
            kind = f"filtered-{_hash(filtered)}-{kind}"
        if self.page:
            # Kept apart, so that only a new first page replaces what the following ones are parts of.
            kind = f"paged-{kind}"
        return kind if subject is None else f"{kind}#{subject}"

    @property
    def plain(self) -> RecommendationRequest:
        """The same request without explanations."""
        return replace(self, with_explanations=False)

    @property
    def reader_id(self) -> str | None:
        """The user whose history the answer depends on: the request's, or the one whom its filters concern."""
        chosen = [self.filter, self.promotion and self.promotion.filter]
        return self.user_id or next((choice.user_id for choice in chosen if choice and choice.user_id), None)

    @property
    def requested_results(self) -> int:
        """Number of items to request: at least the default, so that one stored answer serves shorter requests too."""
        if self.kind == "rerank":
            return len(self.items)
        if self.page:
            return MAX_EXPLAINED_RESULTS if self.with_explanations else MAX_RESULTS
        return max(self.num_results, DEFAULT_RESULTS)


@dataclass(frozen=True, slots=True)
class VisitorRequest:
    """A request for recommendations by what a visitor has chosen and states.

    Attributes
    ----------
    wanted
        The request for a list about no user: its length, filter, context and labels.
    chosen
        The chosen items, if any.
    facts
        Each stated fact with its value, as the data set of users has them; without the interests.
    interests
        Categories of items.
    is_async
        Whether an execution is to answer.
    """

    wanted: RecommendationRequest
    chosen: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    interests: tuple[str, ...] = ()
    is_async: bool = False


def _hash(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
