"""The answer to a visitor: several lists, requested at once, merged by rank, and popular items where there is none."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from backend.aws.deadline import Deadline
from backend.contract.access.roles import VISITOR_PREFIX
from backend.http import BadRequestError, NotFoundError, UnavailableError
from backend.recommend.calls import REQUEST_SECONDS, CallFailedError, finish, start
from backend.recommend.filters import FilterChoice
from backend.recommend.recommender import (
    Recommendation,
    finish_recommendation,
    get_recommendation,
    start_recommendation,
)
from backend.recommend.requests import FACTS, INTERESTS, MAX_RERANKED_ITEMS, MAX_RESULTS, RecommendationRequest
from backend.recommend.serve import (
    LOOKUP_SHARE,
    RECOMMENDER_SHARE,
    Answered,
    Found,
    check_filter,
    complete,
    popular_fallback,
)
from backend.recommend.visitors.fact_lists import MODEL
from backend.recommend.visitors.fusion import merge_by_rank

if TYPE_CHECKING:
    from concurrent.futures import Future

    from backend.contract.lines.served_lists import Source
    from backend.recommend.requests import VisitorRequest
    from backend.recommend.serve import RecommendDependencies

CATEGORY_FILTER, CATEGORY_PARAMETER = "category", "CATEGORY"
"""The filter of model/solutions that the interests are the values of."""

_CHOSEN, _RANKING = "chosen", "ranking"
_FACTS = {*FACTS, INTERESTS}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _List:
    """A ranked list of items for a visitor.

    Attributes
    ----------
    origin
        `chosen`, the name of a fact, or `ranking`.
    is_filtered
        Whether its items pass the filter of the request.
    """

    origin: str
    items: list[str]
    model: str
    is_filtered: bool = False


def serve_visitor(
    asked: VisitorRequest,
    dependencies: RecommendDependencies,
    now: int,
    request_id: str,
    deadline: Deadline | None = None,
) -> Answered:
    """Return the items for what a visitor has chosen and states, and leave the served list.

    Parameters
    ----------
    now
        Milliseconds since the epoch.
    request_id
        Names the served list.
    deadline
        The end of all its calls; by default 2 s from now.

    Raises
    ------
    BadRequestError
        Where the filter of the request is unknown, or its values do not match its parameters.
    NotFoundError
        Where a chosen item is unknown.
    UnavailableError
        Where there is neither a list nor a fallback.
    """
    started = time.perf_counter()
    deadline = deadline or Deadline.after(REQUEST_SECONDS)
    asked = replace(asked, wanted=check_filter(asked.wanted, dependencies, deadline))
    lists = _request_lists(asked, dependencies, deadline.share(RECOMMENDER_SHARE))
    lists = _rank_lists(lists, asked, dependencies, deadline.share(RECOMMENDER_SHARE))
    found = _merge(lists, asked.chosen) if lists else _fall_back(asked, dependencies, now, deadline)
    answered = complete(asked.wanted, found, dependencies, now, request_id, deadline)
    if asked.facts or asked.interests:
        answered.body["facts"] = [each.origin for each in lists if each.origin in _FACTS]
    answered.body["took_ms"] = round((time.perf_counter() - started) * 1000)
    return answered


def _request_lists(asked: VisitorRequest, dependencies: RecommendDependencies, deadline: Deadline) -> list[_List]:
    """Request all the lists at once, and return those that are answered in time and have an item."""
    wanted = asked.wanted
    described = start(lambda: find_described(asked.chosen, dependencies))
    requests = [
        RecommendationRequest("similar-items", item_id=item_id, num_results=MAX_RESULTS, filter=wanted.filter)
        for item_id in asked.chosen
    ]
    sent = [(request, _send(request, dependencies)) for request in requests]
    if asked.interests and (popular := _popular_of(asked.interests, dependencies, deadline.share(LOOKUP_SHARE))):
        sent.append((popular, _send(popular, dependencies)))
    lists = _lists_by_fact(asked, dependencies, deadline)
    check_chosen(asked.chosen, described, deadline)
    for request, started in sent:
        try:
            arn = dependencies.campaigns[request.kind]
            recommendation = finish_recommendation(request, started, arn, deadline)
        except CallFailedError as error:
            _logger.warning("%s: a list of a visitor failed: %s", request.kind, error)
            continue
        is_similar = request.kind == "similar-items"
        items = [item["item_id"] for item in recommendation.items]
        lists.append(_List(_CHOSEN if is_similar else INTERESTS, items, recommendation.model, is_filtered=is_similar))
    return [each for each in lists if {*each.items} - {*asked.chosen}]


def _send(request: RecommendationRequest, dependencies: RecommendDependencies) -> Future[tuple[Any, Any]]:
    arn = dependencies.campaigns[request.kind]
    return start_recommendation(request, dependencies.runtime, arn, dependencies.deployed)


def _popular_of(
    interests: tuple[str, ...], dependencies: RecommendDependencies, deadline: Deadline
) -> RecommendationRequest | None:
    """Return the request for the popular items of some categories; None without the filter of categories."""
    choice = FilterChoice(CATEGORY_FILTER, ((CATEGORY_PARAMETER, interests),))
    try:
        choice = dependencies.filters.check(choice, None, deadline)
    except (BadRequestError, UnavailableError) as error:
        _logger.warning("interests have no list: %s", type(error).__name__)
        return None
    return RecommendationRequest("popular", num_results=MAX_RESULTS, filter=choice)


def _lists_by_fact(asked: VisitorRequest, dependencies: RecommendDependencies, deadline: Deadline) -> list[_List]:
    if not asked.facts:
        return []
    known = dependencies.fact_lists.read(deadline)
    found = ((name, known.get(name, {}).get(value)) for name, value in asked.facts)
    return [_List(name, items, MODEL) for name, items in found if items]


def find_described(chosen: tuple[str, ...], dependencies: RecommendDependencies) -> set[str]:
    """Return the chosen items that have a record."""
    if not chosen:
        return set()
    table = dependencies.tables.entities
    keys: Any = [{"entity": {"S": f"item#{item_id}"}} for item_id in chosen]
    read = dependencies.dynamodb.batch_get_item(
        RequestItems={table: {"Keys": keys, "ProjectionExpression": "entity"}},
    )
    if read.get("UnprocessedKeys"):
        raise CallFailedError("UnprocessedKeys")
    return {row["entity"]["S"].removeprefix("item#") for row in read["Responses"].get(table, [])}


def check_chosen(chosen: tuple[str, ...], described: Future[set[str]], deadline: Deadline) -> None:
    """Raise `NotFoundError` for an item without a record; every item is known while the table does not answer."""
    try:
        known = finish(described, deadline)
    except CallFailedError as error:
        _logger.warning("chosen items cannot be read: %s", error)
        return
    for position, item_id in enumerate(chosen):
        if item_id not in known:
            raise NotFoundError(f"items[{position}]", f"{item_id!r} is not in the catalogue")


def _rank_lists(
    lists: list[_List], asked: VisitorRequest, dependencies: RecommendDependencies, deadline: Deadline
) -> list[_List]:
    """Order the items for a user without a history, where the request has a context or not every list is filtered.

    Lists by fact, and popular items of a category, pass no other filter: the ranking shows which of their items do.
    """
    wanted = asked.wanted
    if not lists or not (wanted.context or (wanted.filter and not all(each.is_filtered for each in lists))):
        return lists
    candidates = merge_by_rank((each.items for each in lists), asked.chosen)[:MAX_RERANKED_ITEMS]
    request = RecommendationRequest(
        "rerank",
        user_id=f"{VISITOR_PREFIX}{uuid4()}",
        items=tuple(candidates),
        filter=wanted.filter,
        context=wanted.context,
    )
    try:
        arn = dependencies.campaigns[request.kind]
        ranked = get_recommendation(request, dependencies.runtime, arn, dependencies.deployed, deadline)
    except CallFailedError as error:
        _logger.warning("the lists of a visitor cannot be ranked: %s", error)
        return [each for each in lists if each.is_filtered] if wanted.filter else lists
    order = [item["item_id"] for item in ranked.items]
    if wanted.filter:
        passing = {*order}
        lists = [replace(each, items=[item for item in each.items if item in passing]) for each in lists]
    if wanted.context:
        lists = [*lists, _List(_RANKING, order, ranked.model)]
    return [each for each in lists if each.items]


def _merge(lists: list[_List], chosen: tuple[str, ...]) -> Found:
    origins = {each.origin for each in lists}
    facts = bool(origins & _FACTS)
    source: Source = ("chosen_and_facts" if facts else "chosen") if _CHOSEN in origins else "facts"
    items = merge_by_rank((each.items for each in lists), chosen)
    # Without a recommendation id, since no one answer of the recommender has these items.
    model = "+".join(sorted({each.model for each in lists}))
    return Found(source, Recommendation([{"item_id": item} for item in items], None, model, len(items)), None)


def _fall_back(asked: VisitorRequest, dependencies: RecommendDependencies, now: int, deadline: Deadline) -> Found:
    """Return popular items without the chosen ones."""
    wanted = replace(asked.wanted, num_results=asked.wanted.num_results + len(asked.chosen))
    found = popular_fallback(wanted, dependencies, now, deadline, reason="no list could be made for the visitor")
    items = [item for item in found.recommendation.items if item["item_id"] not in asked.chosen]
    return replace(found, recommendation=replace(found.recommendation, items=items))
