"""The order in which an answer is sought: fresh answer, recommender, last good answer, popular items."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from backend.http import NotFound, Unavailable
from backend.recommend.answers import StoredAnswer, settles, store
from backend.recommend.lookup import Found, Tables, look_up
from backend.recommend.question import Kind, Question
from backend.recommend.recommender import Recommended, RecommenderFailed, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

Source = Literal["recommender", "cache", "last_good", "popular"]

RETRY_AFTER_SECONDS = 5
# Enough of the popular items to order a list by; the rest of the list follows as it came.
POPULAR_TO_RANK_BY = 100

STANDS_IN = "the answer stands in for the recommender's own, and was given without explanations"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What answers are made from.

    Attributes
    ----------
    dynamodb, runtime
        Clients of DynamoDB and of the Personalize runtime.
    tables
        Names of the tables.
    campaigns
        Campaign ARN by kind of question.
    """

    dynamodb: DynamoDBClient
    runtime: PersonalizeRuntimeClient
    tables: Tables
    campaigns: Mapping[Kind, str]


def serve(question: Question, services: Services, now: int) -> dict[str, Any]:
    """Answer a question as well as it can be answered now.

    Parameters
    ----------
    question
        What is asked.
    services
        What answers are made from.
    now
        Milliseconds since the epoch.

    Returns
    -------
    dict
        The body of the answer; `source` says what it came from.

    Raises
    ------
    NotFound
        When whom or what the question is about is known nowhere.
    Unavailable
        When there is neither an answer nor anything to stand in for it.
    """
    started = time.perf_counter()
    found = look_up(question, services.dynamodb, services.tables)
    if not found.known:
        raise _unknown(question)
    source, recommended = _seek(question, services, found, now)
    return _body_of(question, source, recommended) | {"took_ms": round((time.perf_counter() - started) * 1000)}


def _seek(question: Question, services: Services, found: Found, now: int) -> tuple[Source, Recommended]:
    stored = found.stored
    if stored and found.version is not None and stored.is_fresh(question, found.version, now):
        return "cache", stored.recommended
    try:
        recommended = ask(question, services.runtime, services.campaigns)
    except RecommenderFailed as error:
        _logger.warning("%s: the recommender failed: %s", question.kind, error)
        for last in (stored, found.plain):
            if last and last.is_usable(now):
                return "last_good", last.recommended
        return "popular", _popular_instead(question, services, now, reason=str(error))
    if found.version is not None:
        settled = settles(found.version, stored, now)
        _keep(question, services, StoredAnswer(recommended, found.version, now, settled))
    return "recommender", recommended


def _keep(question: Question, services: Services, stored: StoredAnswer) -> None:
    """Store a good answer; one that cannot be stored is still good."""
    try:
        store(services.dynamodb, services.tables.answers, question, stored)
    except (ClientError, BotoCoreError) as error:
        _logger.warning("%s: the answer could not be stored: %s", question.kind, error)


def _popular_instead(question: Question, services: Services, now: int, reason: str) -> Recommended:
    """Popular items for a question that nothing else answers: live, then as last stored."""
    if question.kind == "popular":
        raise _unavailable(reason)
    popular = Question("popular", wanted=POPULAR_TO_RANK_BY if question.kind == "rerank" else question.asked)
    found = look_up(popular, services.dynamodb, services.tables)
    try:
        source, recommended = _seek(popular, services, found, now)
    except Unavailable as error:
        raise _unavailable(reason) from error
    _logger.info("%s: answered with popular items from %s", question.kind, source)
    return _in_order_of(recommended, question) if question.kind == "rerank" else recommended


def _in_order_of(popular: Recommended, question: Question) -> Recommended:
    rank = {item["item_id"]: position for position, item in enumerate(popular.items)}
    ordered = sorted(question.items, key=lambda item_id: rank.get(item_id, len(rank)))
    # No recommendation id: what is shown is not what the recommender answered.
    return Recommended([{"item_id": item_id} for item_id in ordered], None, popular.model, len(ordered))


def _body_of(question: Question, source: Source, recommended: Recommended) -> dict[str, Any]:
    items = recommended.items[: question.wanted]
    unexplained = None
    if not question.explained:
        items = [{name: item[name] for name in ("item_id", "score") if name in item} for item in items]
    elif not any("because" in item for item in items):
        unexplained = recommended.unexplained or STANDS_IN
    about = {"user_id": question.user_id, "item_id": question.item_id, "unexplained": unexplained}
    return {
        **{name: value for name, value in about.items() if value is not None},
        "items": items,
        "source": source,
        "recommendation_id": recommended.recommendation_id,
        "model": recommended.model,
    }


def _unknown(question: Question) -> NotFound:
    if question.user_id is not None:
        return NotFound(
            "user_id",
            f"{question.user_id!r} has neither events nor a description; ask GET /popular for new visitors",
        )
    return NotFound("item_id", f"{question.item_id!r} is not in the catalogue; add it with POST /update-data")


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(
        RETRY_AFTER_SECONDS, f"the recommender does not answer ({reason}) and no earlier answer can stand in for it"
    )
