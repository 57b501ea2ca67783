"""GetRecommendations and GetPersonalizedRanking."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from model.engine import limits
from model.engine.errors import InvalidInputError, ResourceNotFoundError
from model.engine.operations.campaigns import exploration
from model.engine.operations.claims import find
from model.recipes.personalized_ranking import PersonalizedRanking
from model.recipes.recipe import Query, Recommendation

if TYPE_CHECKING:
    from model.engine.arns import Caller
    from model.engine.engine import Engine
    from model.engine.resources import Resource
    from model.engine.serving import Served

RANKING = "PERSONALIZED_RANKING"
# What a question to a recipe of each type must hold (developer guide, "Getting real-time recommendations").
REQUIRED = {"USER_PERSONALIZATION": "userId", "RELATED_ITEMS": "itemId"}


def get_recommendations(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """GetRecommendations."""
    if request.get("recommenderArn"):
        raise ResourceNotFoundError(f"there is no recommender {request['recommenderArn']}")
    if request.get("promotions"):
        raise InvalidInputError("promotions are not offered yet: leave them out")
    campaign, served = _served(engine, caller, request)
    if served.named.kind == RANKING:
        raise InvalidInputError(f"the campaign's recipe {served.named.name} needs GetPersonalizedRanking")
    needed = REQUIRED.get(served.named.kind)
    if needed and not request.get(needed):
        raise InvalidInputError(f"{needed} is required with the recipe {served.named.name}")
    # Zero, the number of a client that sets none, means the default.
    count = request.get("numResults") or limits.RESULTS_DEFAULT
    if count > limits.RESULTS_MAX:
        raise InvalidInputError(f"numResults must be at most {limits.RESULTS_MAX}, not {count}")
    answer = served.recipe.recommend(_query(engine, campaign, served, request), count)
    return _answer("itemList", served, answer)


def get_personalized_ranking(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """GetPersonalizedRanking."""
    campaign, served = _served(engine, caller, request)
    recipe = served.recipe
    if not isinstance(recipe, PersonalizedRanking):
        raise InvalidInputError(f"the campaign's recipe {served.named.name} needs GetRecommendations")
    given = request["inputList"]
    if not 1 <= len(given) <= limits.RANKED_ITEMS_MAX:
        raise InvalidInputError(f"inputList has {len(given)} members; it may have 1 to {limits.RANKED_ITEMS_MAX}")
    if not request["userId"]:
        raise InvalidInputError("userId is empty")
    ranked = recipe.rank(_query(engine, campaign, served, request), given)
    return _answer("personalizedRanking", served, ranked)


def _served(engine: Engine, caller: Caller, request: dict[str, Any]) -> tuple[Resource, Served]:
    if not request.get("campaignArn"):
        raise InvalidInputError("campaignArn is required")
    if request.get("filterArn"):
        raise ResourceNotFoundError(f"there is no filter {request['filterArn']}")
    if request.get("metadataColumns"):
        raise InvalidInputError("metadata in recommendations is not enabled for the campaign")
    campaign = find(engine, caller, "campaign", request["campaignArn"])
    served = engine.served.get(campaign.arn)
    if served is None:
        raise ResourceNotFoundError(f"the campaign {campaign.arn} is {campaign.status}, not ACTIVE")
    return campaign, served


def _query(engine: Engine, campaign: Resource, served: Served, request: dict[str, Any]) -> Query:
    person = request.get("userId") or ""
    history = engine.groups[served.group_arn].people.history(person) if person else []
    weight, age_days = exploration(campaign)
    return Query(
        history=history,
        item_id=request.get("itemId"),
        person=person,
        now=int(time.time()),
        exploration=weight if served.named.explores else 0.0,
        explored_age_days=age_days,
    )


def _answer(member: str, served: Served, recommendations: list[Recommendation]) -> dict[str, Any]:
    items: list[dict[str, Any]] = []
    for one in recommendations:
        item: dict[str, Any] = {"itemId": one.item_id}
        if one.score is not None:
            item["score"] = one.score
        if one.reason is not None and served.named.reasons:
            item["reason"] = [one.reason]
        items.append(item)
    return {member: items, "recommendationId": f"RID-{uuid.uuid4()}"}


OPERATIONS = {"GetRecommendations": get_recommendations, "GetPersonalizedRanking": get_personalized_ranking}
