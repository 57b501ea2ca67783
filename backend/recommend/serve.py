"""The order of the sources of an answer: fresh stored answer, recommender, last good answer, popular items."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from backend.aws.deadline import Deadline
from backend.http import NotFoundError, UnavailableError
from backend.recommend.answers import StoredAnswer, is_settled, store_answer
from backend.recommend.calls import REQUEST_SECONDS, CallFailedError, finish, start
from backend.recommend.lookup import LookupResult, Tables, look_up
from backend.recommend.recommender import Recommendation, get_recommendation
from backend.recommend.requests import RecommendationRequest, RequestKind
from backend.recommend.served_lists import ServedLists, served_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

    from backend.contract.lines.served_lists import Source
    from backend.recommend.filters import PublishedFilters

RETRY_AFTER_SECONDS = 5
# The parts of the time left for the tables and for the recommender, so that neither uses up that of what follows.
LOOKUP_SHARE = 0.4
RECOMMENDER_SHARE = 0.6
# Popular items by which a list is ordered; its other items follow in their own order.
POPULAR_TO_RANK_BY = 100

FALLBACK_UNEXPLAINED = "the answer is a fallback for the recommender's own, and was given without explanations"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecommendDependencies:
    """Clients and the names of their resources.

    Attributes
    ----------
    campaigns
        The campaign's ARN by kind of request.
    filters
        The filters that a request may name.
    deployed
        The ARNs of the campaigns that the environment has.
    popular
        The last popular items without a filter that this process has seen, if any: the last fallback.
    """

    dynamodb: DynamoDBClient
    runtime: PersonalizeRuntimeClient
    tables: Tables
    campaigns: Mapping[RequestKind, str]
    deployed: frozenset[str]
    filters: PublishedFilters
    served_lists: ServedLists
    popular: list[Recommendation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer.

    Attributes
    ----------
    body
        Its `source` names where it is from.
    is_listed
        Whether Firehose accepted its served list in time.
    """

    body: dict[str, Any]
    is_listed: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """An answer of a source, with the version that gave it, and its write to the answers table if one has started."""

    source: Source
    recommendation: Recommendation
    version: str | None
    storing: Future[None] | None = None


def serve(
    request: RecommendationRequest,
    dependencies: RecommendDependencies,
    now: int,
    request_id: str,
    deadline: Deadline | None = None,
) -> Answered:
    """Return the best answer that is available now, and leave its served list.

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
        Where the user or item of the request is unknown.
    UnavailableError
        Where there is neither an answer nor a fallback.
    """
    started = time.perf_counter()
    deadline = deadline or Deadline.after(REQUEST_SECONDS)
    if request.filter is not None:
        choice = dependencies.filters.check(request.filter, request.user_id, deadline.share(LOOKUP_SHARE))
        request = replace(request, filter=choice)
    lookup = _look_up(request, dependencies, deadline)
    if not lookup.is_known:
        raise _unknown(request)
    found = _find_answer(request, dependencies, lookup, now, deadline)
    body = _body_of(request, found.source, found.recommendation)
    line = served_list(request, body, found.version, request_id, now)
    is_listed = dependencies.served_lists.write(line, deadline)
    if found.storing:
        _finish_storing(request, found.storing, deadline)
    return Answered(body | {"took_ms": round((time.perf_counter() - started) * 1000)}, is_listed)


def _look_up(request: RecommendationRequest, dependencies: RecommendDependencies, deadline: Deadline) -> LookupResult:
    campaign = dependencies.campaigns[request.kind]
    share = deadline.share(LOOKUP_SHARE)
    return look_up(request, campaign, dependencies.dynamodb, dependencies.tables, share)


def _find_answer(
    request: RecommendationRequest,
    dependencies: RecommendDependencies,
    lookup: LookupResult,
    now: int,
    deadline: Deadline,
) -> _Found:
    stored = lookup.stored
    if stored and lookup.version is not None and stored.is_fresh(request, lookup.version, now):
        return _Found("cache", stored.recommendation, lookup.solution_version)
    try:
        recommendation = get_recommendation(
            request,
            dependencies.runtime,
            dependencies.campaigns,
            dependencies.deployed,
            deadline.share(RECOMMENDER_SHARE),
        )
    except CallFailedError as error:
        _logger.warning("%s: the recommender failed: %s", request.kind, error)
        for last in (stored, lookup.plain):
            if last and last.is_usable(now):
                return _Found("last_good", last.recommendation, lookup.solution_version)
        if request.kind == "popular" and request.filter is None and dependencies.popular:
            return _Found("last_good", dependencies.popular[0], None)
        return _popular_fallback(request, dependencies, now, deadline, reason=str(error))
    if request.kind == "popular" and request.filter is None:
        dependencies.popular[:] = [recommendation]
    storing = None
    if lookup.version is not None:
        settled = is_settled(lookup.version, stored, now)
        answer = StoredAnswer(recommendation, lookup.version, now, settled, lookup.deployed)
        table = dependencies.tables.answers
        storing = start(lambda: store_answer(dependencies.dynamodb, table, request, answer))
    return _Found("recommender", recommendation, lookup.solution_version, storing)


def _finish_storing(request: RecommendationRequest, storing: Future[None], deadline: Deadline) -> None:
    """Wait until a good answer is stored; a failure to store it does not affect the answer."""
    try:
        finish(storing, deadline)
    except CallFailedError as error:
        _logger.warning("%s: the answer could not be stored: %s", request.kind, error)


def _popular_fallback(
    request: RecommendationRequest, dependencies: RecommendDependencies, now: int, deadline: Deadline, reason: str
) -> _Found:
    """Return popular items for a request without any other answer: live, or as last stored.

    They pass the request's filter. Items to order have no such fallback with a filter, since popular items do not show
    which of them pass it.
    """
    if request.kind == "popular" or (request.kind == "rerank" and request.filter):
        raise _unavailable(reason)
    count = POPULAR_TO_RANK_BY if request.kind == "rerank" else request.requested_results
    applied = request.filter
    if applied is not None and applied.of_user:
        applied = replace(applied, user_id=request.reader_id)
    popular = RecommendationRequest("popular", num_results=count, filter=applied)
    lookup = _look_up(popular, dependencies, deadline)
    try:
        found = _find_answer(popular, dependencies, lookup, now, deadline)
    except UnavailableError as error:
        raise _unavailable(reason) from error
    _logger.info("%s: answered with popular items from %s", request.kind, found.source)
    items = _in_order_of(found.recommendation, request) if request.kind == "rerank" else found.recommendation
    return replace(found, source="popular", recommendation=items)


def _in_order_of(popular: Recommendation, request: RecommendationRequest) -> Recommendation:
    rank = {item["item_id"]: position for position, item in enumerate(popular.items)}
    ordered = sorted(request.items, key=lambda item_id: rank.get(item_id, len(rank)))
    # Without a recommendation id, since the recommender did not give this answer.
    return Recommendation([{"item_id": item_id} for item_id in ordered], None, popular.model, len(ordered))


def _body_of(request: RecommendationRequest, source: Source, recommendation: Recommendation) -> dict[str, Any]:
    items = recommendation.items[: request.num_results]
    unexplained = None
    if not request.with_explanations:
        items = [{name: item[name] for name in ("item_id", "score") if name in item} for item in items]
    elif items and not any("because" in item for item in items):
        unexplained = recommendation.unexplained or FALLBACK_UNEXPLAINED
    optional = {"user_id": request.user_id, "item_id": request.item_id, "unexplained": unexplained}
    return {
        **{name: value for name, value in optional.items() if value is not None},
        "items": items,
        "source": source,
        "recommendation_id": recommendation.recommendation_id,
        "model": recommendation.model,
    }


def _unknown(request: RecommendationRequest) -> NotFoundError:
    if request.user_id is not None:
        return NotFoundError(
            "user_id",
            f"{request.user_id!r} has neither events nor a description; use GET /popular for new visitors",
        )
    return NotFoundError("item_id", f"{request.item_id!r} is not in the catalogue; add it with POST /update-data")


def _unavailable(reason: str) -> UnavailableError:
    return UnavailableError(
        RETRY_AFTER_SECONDS, f"the recommender does not answer ({reason}) and no earlier answer is stored"
    )
