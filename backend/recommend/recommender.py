"""Asks the recommender, through Amazon Personalize's runtime API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

    from backend.recommend.question import Kind, Question

Listed = Sequence[Mapping[str, Any]]

# What one question may take: longer, and the last good answer is worth more than the one to come.
CONNECT_TIMEOUT_SECONDS = 0.2
READ_TIMEOUT_SECONDS = 0.6


class RecommenderFailed(Exception):  # noqa: N818 - says what happened
    """The recommender gave no answer; the message is the reason in a word, fit for callers and metrics."""


@dataclass(frozen=True, slots=True)
class Recommended:
    """What the recommender answered.

    Attributes
    ----------
    items
        `{"item_id", "score"?, "reasons"?}`, best first.
    recommendation_id
        The answer's id, which events that follow from it carry back.
    model
        Name of the campaign that answered.
    asked
        How many items it was asked for.
    """

    items: list[dict[str, Any]]
    recommendation_id: str | None
    model: str
    asked: int


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
        raise RecommenderFailed(error.response["Error"]["Code"]) from error
    except BotoCoreError as error:
        raise RecommenderFailed(type(error).__name__) from error
    if not listed:
        raise RecommenderFailed("EmptyAnswer")
    return Recommended(_items_of(listed), recommendation_id, arn.rpartition("/")[2], question.asked)


def _list(question: Question, client: PersonalizeRuntimeClient, arn: str) -> tuple[Listed, str | None]:
    about: dict[str, Any] = {"userId": question.user_id, "itemId": question.item_id}
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
        items.append(item)
    return items
