"""Asks the recommender, through Amazon Personalize's runtime API."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

    from backend.recommend.question import Kind, Question

Listed = Sequence[Mapping[str, Any]]

# What one question may take: longer, and the last good answer is worth more than the one to come.
CONNECT_TIMEOUT_SECONDS = 0.2
READ_TIMEOUT_SECONDS = 0.6

EXPLANATION = "EXPLANATION"
"""The column in which Rivulet's engine explains; Amazon Personalize refuses it as any other that the items lack."""

_logger = logging.getLogger(__name__)


class RecommenderFailed(Exception):  # noqa: N818 - says what happened
    """The recommender gave no answer; the message is the reason in a word, fit for callers and metrics."""


@dataclass(frozen=True, slots=True)
class Recommended:
    """What the recommender answered.

    Attributes
    ----------
    items
        `{"item_id", "score"?, "reasons"?, "because"?}`, best first.
    recommendation_id
        The answer's id, which events that follow from it carry back.
    model
        Name of the campaign that answered.
    asked
        How many items it was asked for.
    unexplained
        Why no item has a `because` though the question asks for it; None where that is not so.
    """

    items: list[dict[str, Any]]
    recommendation_id: str | None
    model: str
    asked: int
    unexplained: str | None = None


def ask(question: Question, client: PersonalizeRuntimeClient, campaigns: Mapping[Kind, str]) -> Recommended:
    """Ask the campaign that answers this kind of question.

    Parameters
    ----------
    question
        What is asked.
    client
        Personalize runtime, made to give up after the timeouts above and without retries.
    campaigns
        Campaign ARN by kind of question.

    Returns
    -------
    Recommended
        The answer.

    Raises
    ------
    RecommenderFailed
        When no answer came in time, whatever the cause.
    """
    arn = campaigns[question.kind]
    try:
        listed, recommendation_id = _rank(question, client, arn) if question.items else _list(question, client, arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if question.explained and code == "InvalidInputException":
            _logger.info("%s: asked again without explanations: %s", question.kind, error)
            return replace(ask(question.plain, client, campaigns), unexplained=_gives_none(arn))
        raise RecommenderFailed(code) from error
    except BotoCoreError as error:
        raise RecommenderFailed(type(error).__name__) from error
    if not listed:
        raise RecommenderFailed("EmptyAnswer")
    items = _items_of(listed)
    silent = question.explained and not any("because" in item for item in items)
    return Recommended(items, recommendation_id, _name_of(arn), question.asked, _gives_none(arn) if silent else None)


def _gives_none(arn: str) -> str:
    return (
        f"{_name_of(arn)} was asked for the column {EXPLANATION} and gives none; Rivulet's engine does, Amazon "
        "Personalize does not"
    )


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def _list(question: Question, client: PersonalizeRuntimeClient, arn: str) -> tuple[Listed, str | None]:
    about: dict[str, Any] = {"userId": question.user_id, "itemId": question.item_id}
    if question.explained:
        about["metadataColumns"] = {"ITEMS": [EXPLANATION]}
    named = {name: value for name, value in about.items() if value is not None}
    answered = client.get_recommendations(campaignArn=arn, numResults=question.asked, **named)
    return answered["itemList"], answered.get("recommendationId")


def _rank(question: Question, client: PersonalizeRuntimeClient, arn: str) -> tuple[Listed, str | None]:
    answered = client.get_personalized_ranking(
        campaignArn=arn, userId=str(question.user_id), inputList=list(question.items)
    )
    return answered["personalizedRanking"], answered.get("recommendationId")


def _items_of(listed: Listed) -> list[dict[str, Any]]:
    items = []
    for entry in listed:
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
    """Read what a column says; nothing of a text that is another's, for the items may have a column of that name."""
    try:
        parts = json.loads(text or "[]")
        return [{"name": str(part["name"]), "weight": float(part["weight"])} for part in parts]
    except (KeyError, TypeError, ValueError):
        return []
