"""The order of the sources of an answer: fresh stored answer, recommender, last good answer, popular items."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from backend.aws.deadline import Deadline
from backend.http import NotFoundError, UnavailableError
from backend.recommend.answers import StoredAnswer, is_settled, store_answer
from backend.recommend.calls import REQUEST_SECONDS, CallFailedError, finish, start
from backend.recommend.lookup import LookupResult, Tables, look_up
from backend.recommend.recommender import Recommendation, get_recommendation
from backend.recommend.requests import RecommendationRequest, RequestKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

    from backend.recommend.filters import PublishedFilters

Source = Literal["recommender", "cache", "last_good", "popular"]

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
    popular: list[Recommendation] = field(default_factory=list)


def serve(
    request: RecommendationRequest, dependencies: RecommendDependencies, now: int, deadline: Deadline | None = None
) -> dict[str, Any]:
    """Return the body of the best answer that is available now; its `source` names where it is from.

    Parameters
    ----------
    now
        Milliseconds since the epoch.
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
    source, recommendation = _find_answer(request, dependencies, lookup, now, deadline)
    return _body_of(request, source, recommendation) | {"took_ms": round((time.perf_counter() - started) * 1000)}


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
) -> tuple[Source, Recommendation]:
    stored = lookup.stored
    if stored and lookup.version is not None and stored.is_fresh(request, lookup.version, now):
        return "cache", stored.recommendation
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
                return "last_good", last.recommendation
        if request.kind == "popular" and request.filter is None and dependencies.popular:
            return "last_good", dependencies.popular[0]
        return "popular", _popular_fallback(request, dependencies, now, deadline, reason=str(error))
    if request.kind == "popular" and request.filter is None:
        dependencies.popular[:] = [recommendation]
    if lookup.version is not None:
        settled = is_settled(lookup.version, stored, now)
        answer = StoredAnswer(recommendation, lookup.version, now, settled, lookup.deployed)
        _store(request, dependencies, answer, deadline)
    return "recommender", recommendation


def _store(
    request: RecommendationRequest, dependencies: RecommendDependencies, stored: StoredAnswer, deadline: Deadline
) -> None:
    """Store a good answer; a failure to store it does not affect the answer."""
    table = dependencies.tables.answers
    try:
        finish(start(lambda: store_answer(dependencies.dynamodb, table, request, stored)), deadline)
    except CallFailedError as error:
        _logger.warning("%s: the answer could not be stored: %s", request.kind, error)


def _popular_fallback(
    request: RecommendationRequest, dependencies: RecommendDependencies, now: int, deadline: Deadline, reason: str
) -> Recommendation:
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
        source, recommendation = _find_answer(popular, dependencies, lookup, now, deadline)
    except UnavailableError as error:
        raise _unavailable(reason) from error
    _logger.info("%s: answered with popular items from %s", request.kind, source)
    return _in_order_of(recommendation, request) if request.kind == "rerank" else recommendation


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
