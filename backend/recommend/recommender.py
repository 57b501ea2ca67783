"""Calls to the recommender through Amazon Personalize's runtime API."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

    from backend.recommend.requests import RecommendationRequest, RequestKind

Entries = Sequence[Mapping[str, Any]]

# Timeouts of one call; after them the last good answer serves the caller better than a longer wait.
CONNECT_TIMEOUT_SECONDS = 0.2
READ_TIMEOUT_SECONDS = 0.6

EXPLANATION = "EXPLANATION"
"""The metadata column of explanations by Rivulet's engine; Amazon Personalize refuses it as an unknown column."""

_logger = logging.getLogger(__name__)


class RecommenderFailedError(Exception):
    """The recommender gave no answer; the message is the reason in one word, fit for callers and metrics."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An answer of the recommender.

    Attributes
    ----------
    items
        `{"item_id", "score"?, "reasons"?, "because"?}`, the best first.
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
    request: RecommendationRequest, client: PersonalizeRuntimeClient, campaigns: Mapping[RequestKind, str]
) -> Recommendation:
    """Return the answer of the campaign for this kind of request.

    The client has the timeouts above and does not retry. Any failure to answer in time is a `RecommenderFailedError`.
    """
    arn = campaigns[request.kind]
    try:
        entries, recommendation_id = _rank(request, client, arn) if request.items else _list(request, client, arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if request.with_explanations and code == "InvalidInputException":
            _logger.info("%s: retried without explanations: %s", request.kind, error)
            plain = get_recommendation(request.plain, client, campaigns)
            return replace(plain, unexplained=_without_explanations(arn))
        raise RecommenderFailedError(code) from error
    except BotoCoreError as error:
        raise RecommenderFailedError(type(error).__name__) from error
    if not entries:
        raise RecommenderFailedError("EmptyAnswer")
    items = _items_of(entries)
    is_unexplained = request.with_explanations and not any("because" in item for item in items)
    return Recommendation(
        items,
        recommendation_id,
        _name_of(arn),
        request.requested_results,
        _without_explanations(arn) if is_unexplained else None,
    )


def _without_explanations(arn: str) -> str:
    return (
        f"{_name_of(arn)} was asked for the column {EXPLANATION} and gives none; Rivulet's engine does, Amazon "
        "Personalize does not"
    )


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def _list(request: RecommendationRequest, client: PersonalizeRuntimeClient, arn: str) -> tuple[Entries, str | None]:
    parameters: dict[str, Any] = {"userId": request.user_id, "itemId": request.item_id}
    if request.with_explanations:
        parameters["metadataColumns"] = {"ITEMS": [EXPLANATION]}
    given = {name: value for name, value in parameters.items() if value is not None}
    result = client.get_recommendations(campaignArn=arn, numResults=request.requested_results, **given)
    return result["itemList"], result.get("recommendationId")


def _rank(request: RecommendationRequest, client: PersonalizeRuntimeClient, arn: str) -> tuple[Entries, str | None]:
    result = client.get_personalized_ranking(
        campaignArn=arn, userId=str(request.user_id), inputList=list(request.items)
    )
    return result["personalizedRanking"], result.get("recommendationId")


def _items_of(entries: Entries) -> list[dict[str, Any]]:
    items = []
    for entry in entries:
        item: dict[str, Any] = {"item_id": entry["itemId"]}
        if entry.get("score") is not None:
            item["score"] = entry["score"]
        if entry.get("reason"):
            item["reasons"] = list(entry["reason"])
        because = _read_explanation((entry.get("metadata") or {}).get(EXPLANATION))
        if because:
            item["because"] = because
        items.append(item)
    return items


def _read_explanation(text: str | None) -> list[dict[str, Any]]:
    """Return the explanation in a column, none where the items have a column of that name with other content."""
    try:
        parts = json.loads(text or "[]")
        return [{"name": str(part["name"]), "weight": float(part["weight"])} for part in parts]
    except (KeyError, TypeError, ValueError):
        return []
