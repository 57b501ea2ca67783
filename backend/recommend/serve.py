"""The order of the sources of an answer: fresh stored answer, recommender, last good answer, popular items."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from backend.aws.deadline import Deadline
from backend.http import GoneError, NotFoundError, UnavailableError
from backend.recommend.answers import StoredAnswer, is_settled, store_answer
from backend.recommend.calls import REQUEST_SECONDS, CallFailedError, finish, start
from backend.recommend.details import read_details
from backend.recommend.lookup import LookupResult, Tables, look_up
from backend.recommend.models.choice import CUSTOM, check_model
from backend.recommend.recommender import Recommendation, get_recommendation
from backend.recommend.requests import FIRST_PAGE, Page, RecommendationRequest, RequestKind
from backend.recommend.served_lists import ServedLists, served_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

    from backend.contract.lines.served_lists import Source
    from backend.recommend.filters import PublishedFilters
    from backend.recommend.models.custom import CustomModel
    from backend.recommend.visitors.fact_lists import FactLists

RETRY_AFTER_SECONDS = 5
# The parts of the time left for the tables and for the recommender, so that neither uses up that of what follows.
LOOKUP_SHARE = 0.4
RECOMMENDER_SHARE = 0.6
DETAILS_SHARE = 0.8
# Popular items by which a list is ordered; its other items follow in their own order.
POPULAR_TO_RANK_BY = 100

FALLBACK_UNEXPLAINED = "the answer is a fallback for the recommender's own, and was given without explanations"

UNDESCRIBED = "the table of items did not answer in time"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecommendDependencies:
    """Clients and the names of their resources.

    Attributes
    ----------
    campaigns
        The ARN by kind of request of the campaign that answers requests without a model.
    models
        The ARN of each model by the kind of request that it answers and its name.
    custom_model
        The one that an endpoint serves.
    deployed
        The ARNs of the campaigns that the environment has.
    filters
        The filters that a request may name.
    fact_lists
        The popular items of the users who share a fact.
    popular
        The last popular items without a filter that this process has seen, if any: the last fallback.
    """

    dynamodb: DynamoDBClient
    runtime: PersonalizeRuntimeClient
    tables: Tables
    campaigns: Mapping[RequestKind, str]
    models: Mapping[RequestKind, Mapping[str, str]]
    custom_model: CustomModel
    deployed: frozenset[str]
    filters: PublishedFilters
    served_lists: ServedLists
    fact_lists: FactLists
    popular: list[Recommendation] = field(default_factory=list)

    def arn_of(self, request: RecommendationRequest) -> str:
        """Return the ARN of the campaign or endpoint that answers a request, whose model is checked."""
        return self.campaigns[request.kind] if request.model is None else self.models[request.kind][request.model]


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
class Found:
    """An answer of a source, with the version that gave it.

    Attributes
    ----------
    version
        The id of the solution version, where one is known to have given it.
    stored_at
        Milliseconds since the epoch of the stored answer; None for one that is not stored.
    storing
        Its write to the answers table, if one has started.
    """

    source: Source
    recommendation: Recommendation
    version: str | None
    stored_at: int | None = None
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
        Where the filter or the model of the request is unknown, or the filter's values do not match its parameters.
    NotFoundError
        Where the user or item of the request is unknown.
    GoneError
        Where the answer of which the request wants a further page is no longer stored.
    UnavailableError
        Where there is neither an answer nor a fallback.
    """
    started = time.perf_counter()
    deadline = deadline or Deadline.after(REQUEST_SECONDS)
    request = check_model(request, dependencies.models)
    request = check_filter(request, dependencies, deadline)
    if request.promotion is not None:
        share = deadline.share(LOOKUP_SHARE)
        choice = dependencies.filters.check(request.promotion.filter, request.user_id, share, "promotion")
        request = replace(request, promotion=replace(request.promotion, filter=choice))
    lookup = _look_up(request, dependencies, deadline)
    if request.page and request.page.answered_at is not None:
        found = _find_page(request.page, lookup, now)
    elif lookup.is_known:
        found = _find_answer(request, dependencies, lookup, now, deadline)
    elif request.has_popular_fallback:
        found = popular_fallback(request, dependencies, now, deadline, reason="the subject is unknown")
    else:
        raise _unknown(request)
    answered = complete(request, found, dependencies, now, request_id, deadline)
    answered.body["took_ms"] = round((time.perf_counter() - started) * 1000)
    return answered


def check_filter(
    request: RecommendationRequest, dependencies: RecommendDependencies, deadline: Deadline
) -> RecommendationRequest:
    """Return the request with the ARN and the arguments of its filter, if it has one."""
    if request.filter is None:
        return request
    choice = dependencies.filters.check(request.filter, request.user_id, deadline.share(LOOKUP_SHARE))
    return replace(request, filter=choice)


def complete(
    request: RecommendationRequest,
    found: Found,
    dependencies: RecommendDependencies,
    now: int,
    request_id: str,
    deadline: Deadline,
) -> Answered:
    """Return what a source has found as an answer, without its time; describe its items and leave its served list."""
    body = _body_of(request, found.source, found.recommendation)
    line = served_list(request, body, found.version, request_id, now)
    if request.with_details:
        _add_details(body, dependencies, deadline)
    is_listed = dependencies.served_lists.write(line, deadline)
    is_stored = found.storing is None or _finish_storing(request, found.storing, deadline)
    if request.page and is_stored:
        body |= _next_page(request.page, request.num_results, found)
    return Answered(body, is_listed)


def _look_up(request: RecommendationRequest, dependencies: RecommendDependencies, deadline: Deadline) -> LookupResult:
    campaign = dependencies.arn_of(request)
    share = deadline.share(LOOKUP_SHARE)
    return look_up(request, campaign, dependencies.dynamodb, dependencies.tables, share)


def _find_answer(
    request: RecommendationRequest,
    dependencies: RecommendDependencies,
    lookup: LookupResult,
    now: int,
    deadline: Deadline,
) -> Found:
    stored = lookup.stored
    if stored and lookup.version is not None and stored.is_fresh(request, lookup.version, now):
        return Found("cache", stored.recommendation, lookup.solution_version, stored.answered_at)
    try:
        recommendation = _get_recommendation(request, dependencies, deadline.share(RECOMMENDER_SHARE))
    except CallFailedError as error:
        _logger.warning("%s: the recommender failed: %s", request.kind, error)
        for last in (stored, lookup.plain):
            if last and last.is_usable(now):
                stored_at = last.answered_at if last is stored else None
                return Found("last_good", last.recommendation, lookup.solution_version, stored_at)
        if request.kind == "popular" and request.filter is None and request.model is None and dependencies.popular:
            return Found("last_good", dependencies.popular[0], None)
        return popular_fallback(request, dependencies, now, deadline, reason=str(error))
    if request.kind == "popular" and request.filter is None and request.model is None:
        dependencies.popular[:] = [recommendation]
    if lookup.version is None:
        return Found("recommender", recommendation, lookup.solution_version)
    settled = is_settled(lookup.version, stored, now)
    answer = StoredAnswer(recommendation, lookup.version, now, settled, lookup.deployed)
    table = dependencies.tables.answers
    storing = start(lambda: store_answer(dependencies.dynamodb, table, request, answer))
    return Found("recommender", recommendation, lookup.solution_version, now, storing)


def _get_recommendation(
    request: RecommendationRequest, dependencies: RecommendDependencies, deadline: Deadline
) -> Recommendation:
    arn = dependencies.arn_of(request)
    if request.model == CUSTOM:
        return dependencies.custom_model.get_recommendation(request, arn, deadline)
    return get_recommendation(request, dependencies.runtime, arn, dependencies.deployed, deadline)


def _find_page(page: Page, lookup: LookupResult, now: int) -> Found:
    stored = lookup.stored
    if stored is None or stored.answered_at != page.answered_at or not stored.is_usable(now):
        raise GoneError("page", f"is of an answer that is no longer stored; start again with page={FIRST_PAGE}")
    return Found("cache", stored.recommendation, lookup.solution_version, stored.answered_at)


def _next_page(page: Page, length: int, found: Found) -> dict[str, str]:
    """Return the cursor of the next page; nothing after the last one, or where the answer is not stored."""
    start = page.start + length
    if found.stored_at is None or start >= len(found.recommendation.items):
        return {}
    return {"next_page": f"{found.stored_at}-{start}"}


def _finish_storing(request: RecommendationRequest, storing: Future[None], deadline: Deadline) -> bool:
    """Wait until a good answer is stored; a failure to store it does not affect the answer."""
    try:
        finish(storing, deadline)
    except CallFailedError as error:
        _logger.warning("%s: the answer could not be stored: %s", request.kind, error)
        return False
    return True


def popular_fallback(
    request: RecommendationRequest, dependencies: RecommendDependencies, now: int, deadline: Deadline, reason: str
) -> Found:
    """Return popular items for a request without any other answer: live, or as last stored.

    They pass the request's filter. Items to order have no such fallback with a filter, since popular items do not show
    which of them pass it.
    """
    if (request.kind == "popular" and request.model is None) or (request.kind == "rerank" and request.filter):
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
    return replace(found, source="popular", recommendation=items, stored_at=None)


def _in_order_of(popular: Recommendation, request: RecommendationRequest) -> Recommendation:
    rank = {item["item_id"]: position for position, item in enumerate(popular.items)}
    ordered = sorted(request.items, key=lambda item_id: rank.get(item_id, len(rank)))
    # Without a recommendation id, since the recommender did not give this answer.
    return Recommendation([{"item_id": item_id} for item_id in ordered], None, popular.model, len(ordered))


def _body_of(request: RecommendationRequest, source: Source, recommendation: Recommendation) -> dict[str, Any]:
    first = request.page.start if request.page else 0
    items = recommendation.items[first : first + request.num_results]
    unexplained = None
    if not request.with_explanations:
        items = [{name: item[name] for name in ("item_id", "score", "promoted") if name in item} for item in items]
    elif items and not any("because" in item for item in items):
        unexplained = recommendation.unexplained or FALLBACK_UNEXPLAINED
    optional = {
        "user_id": request.user_id,
        "item_id": request.item_id,
        "unexplained": unexplained,
        "variation": request.variation,
    }
    return {
        **{name: value for name, value in optional.items() if value is not None},
        "items": items,
        "source": source,
        "recommendation_id": recommendation.recommendation_id,
        "model": recommendation.model,
    }


def _add_details(body: dict[str, Any], dependencies: RecommendDependencies, deadline: Deadline) -> None:
    """Describe the items of an answer's body, or state why they are not described."""
    share = deadline.share(DETAILS_SHARE)
    item_ids = [item["item_id"] for item in body["items"]]
    details = read_details(item_ids, dependencies.dynamodb, dependencies.tables.entities, share)
    if details is None:
        body["undescribed"] = UNDESCRIBED
    else:
        body["items"] = [item | {"details": details.get(item["item_id"], {})} for item in body["items"]]


def _unknown(request: RecommendationRequest) -> NotFoundError:
    if request.user_id is not None:
        return NotFoundError(
            "user_id",
            f"{request.user_id!r} has neither events nor a description; use fallback=popular or GET /popular for new "
            "visitors",
        )
    return NotFoundError("item_id", f"{request.item_id!r} is not in the catalogue; add it with POST /update-data")


def _unavailable(reason: str) -> UnavailableError:
    return UnavailableError(
        RETRY_AFTER_SECONDS, f"the recommender does not answer ({reason}) and no earlier answer is stored"
    )
