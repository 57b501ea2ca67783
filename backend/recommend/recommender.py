"""Calls to the recommender through Amazon Personalize's runtime API."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backend.recommend.calls import CallFailedError, finish, start

if TYPE_CHECKING:
    from collections.abc import Collection
    from concurrent.futures import Future

    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

    from backend.aws.deadline import Deadline
    from backend.recommend.filters import FilterChoice
    from backend.recommend.requests import RecommendationRequest

# Timeouts of one call; after them the last good answer serves the caller better than a longer wait.
CONNECT_TIMEOUT_SECONDS = 0.2
READ_TIMEOUT_SECONDS = 0.6

EXPLANATION = "EXPLANATION"
"""The metadata column of explanations by Rivulet's engine; Amazon Personalize refuses it as an unknown column."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An answer of the recommender.

    Attributes
    ----------
    items
        `{"item_id", "score"?, "promoted"?, "reasons"?, "because"?}`, the best first.
    recommendation_id
        The answer's id, to be sent with the events that follow from it.
    model
        Name of the campaign that answered.
    asked
        Number of items that were requested.
    unexplained
        Why no item has a `because` although the request asks for explanations; else None.
    """

    items: list[dict[str, Any]]
    recommendation_id: str | None
    model: str
    asked: int
    unexplained: str | None = None


def get_recommendation(
    request: RecommendationRequest,
    client: PersonalizeRuntimeClient,
    arn: str,
    deployed: Collection[str],
    deadline: Deadline,
) -> Recommendation:
    """Return the answer of a campaign.

    The client has the timeouts above and does not retry.

    Raises
    ------
    CallFailedError
        Where it gives no whole answer by the deadline.
    """
    try:
        return finish_recommendation(request, start_recommendation(request, client, arn, deployed), arn, deadline)
    except CallFailedError as error:
        if request.with_explanations and str(error) == "InvalidInputException":
            _logger.info("%s: retried without explanations", request.kind)
            plain = get_recommendation(request.plain, client, arn, deployed, deadline)
            return replace(plain, unexplained=_without_explanations(arn))
        raise


def start_recommendation(
    request: RecommendationRequest, client: PersonalizeRuntimeClient, arn: str, deployed: Collection[str]
) -> Future[tuple[Any, Any]]:
    """Send a request to a campaign; `finish_recommendation` returns its answer."""

    def ask() -> tuple[Any, Any]:
        if arn not in deployed:
            raise CallFailedError("NoCampaignDeployed")
        return _rank(request, client, arn) if request.items else _list(request, client, arn)

    return start(ask)


def finish_recommendation(
    request: RecommendationRequest, started: Future[tuple[Any, Any]], arn: str, deadline: Deadline
) -> Recommendation:
    """Return the answer of a campaign to a request that `start_recommendation` has sent.

    Raises
    ------
    CallFailedError
        Where it gives no whole answer by the deadline.
    """
    entries, recommendation_id = finish(started, deadline)
    # A filter may leave nothing, such as for a user who has bought every item.
    if entries == [] and request.filter is None:
        raise CallFailedError("EmptyAnswer")
    items = items_of(entries)
    is_unexplained = bool(items) and request.with_explanations and not any("because" in item for item in items)
    return Recommendation(
        items,
        recommendation_id if isinstance(recommendation_id, str) else None,
        name_of(arn),
        request.requested_results,
        _without_explanations(arn) if is_unexplained else None,
    )


def _without_explanations(arn: str) -> str:
    return (
        f"{name_of(arn)} was asked for the column {EXPLANATION} and gives none; Rivulet's engine does, Amazon "
        "Personalize does not"
    )


def name_of(arn: str) -> str:
    """Return the name of a campaign or an endpoint."""
    return arn.rpartition("/")[2]


def _list(request: RecommendationRequest, client: PersonalizeRuntimeClient, arn: str) -> tuple[Any, Any]:
    parameters: dict[str, Any] = {"userId": request.reader_id, "itemId": request.item_id, **_options_of(request)}
    if request.with_explanations:
        parameters["metadataColumns"] = {"ITEMS": [EXPLANATION]}
    given = {name: value for name, value in parameters.items() if value is not None}
    result = client.get_recommendations(campaignArn=arn, numResults=request.requested_results, **given)
    return result.get("itemList"), result.get("recommendationId")


def _rank(request: RecommendationRequest, client: PersonalizeRuntimeClient, arn: str) -> tuple[Any, Any]:
    result = client.get_personalized_ranking(
        campaignArn=arn, userId=str(request.user_id), inputList=list(request.items), **_options_of(request)
    )
    return result.get("personalizedRanking"), result.get("recommendationId")


def _options_of(request: RecommendationRequest) -> dict[str, Any]:
    options: dict[str, Any] = {} if request.filter is None else _arguments_of(request.filter)
    if request.context:
        options["context"] = dict(request.context)
    if request.promotion:
        promoted = request.promotion
        share = {"name": promoted.filter.name, "percentPromotedItems": promoted.percent}
        options["promotions"] = [share | _arguments_of(promoted.filter)]
    return options


def _arguments_of(choice: FilterChoice) -> dict[str, Any]:
    values = {"filterValues": dict(choice.arguments)} if choice.arguments else {}
    return {"filterArn": choice.arn, **values}


def items_of(entries: Any) -> list[dict[str, Any]]:
    """Return the items of an answer; the SDK does not check that an answer has the form of its model."""
    if not isinstance(entries, list):
        raise CallFailedError("MalformedAnswer")
    items = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("itemId"), str):
            raise CallFailedError("MalformedAnswer")
        item: dict[str, Any] = {"item_id": entry["itemId"]}
        if _is_number(entry.get("score")):
            item["score"] = entry["score"]
        if entry.get("promotionName"):
            item["promoted"] = True
        if isinstance(entry.get("reason"), list):
            item["reasons"] = entry["reason"]
        metadata = entry.get("metadata")
        because = _read_explanation(metadata.get(EXPLANATION) if isinstance(metadata, dict) else None)
        if because:
            item["because"] = because
        items.append(item)
    return items


def _read_explanation(text: str | None) -> list[dict[str, Any]]:
    """Return the explanation in a column, none where the items have a column of that name with other content."""
    try:
        parts = json.loads(text or "[]")
        weights = [{"name": str(part["name"]), "weight": float(part["weight"])} for part in parts]
    except (KeyError, TypeError, ValueError):
        return []
    return weights if all(_is_number(part["weight"]) for part in weights) else []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
