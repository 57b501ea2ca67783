"""GetRecommendations, GetPersonalizedRanking and GetActionRecommendations."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from model.datasets.avro_schema import read_schema
from model.datasets.training_data import catalogue_of
from model.engine.operations.resources.rules import find
from model.engine.operations.serving.filters import find_filter
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError, ResourceInUseError, ResourceNotFoundError
from model.engine.personalize.request_ids import random_uuid
from model.engine.serving.answering import (
    ACTION_TARGET,
    ITEM_TARGET,
    PredictedItem,
    Promotion,
    RecommendationRequest,
    Restriction,
    rank,
    recommend,
)
from model.engine.serving.explanations import EXPLANATION
from model.engine.serving.served_lists import ServedList
from model.engine.storage.control_plane.kinds import CAMPAIGN, FILTER, RECOMMENDER, Kind
from model.engine.storage.dataset_group import ACTIONS, INTERACTIONS, ITEMS, USERS
from model.recipes.recipe import Query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.engine.monitoring.metrics import CacheInfo
    from model.engine.operations.resources.kind import Operations
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.engine.serving.served import Served
    from model.engine.storage.control_plane.resources import Resource

RANKING, RELATED, ACTION_RECIPES = "PERSONALIZED_RANKING", "RELATED_ITEMS", "PERSONALIZED_ACTIONS"
# The operation of recipes of these types; all others are for GetRecommendations.
OPERATION_OF = {RANKING: "GetPersonalizedRanking", ACTION_RECIPES: "GetActionRecommendations"}
REPEATS = "REPEATS"  # key of a request's context: whether the list shows items that the user has interacted with
CACHED_FEATURES = 10_000  # different rows of users


class Recommendations(msgspec.Struct, rename="camel"):
    """The answer of GetRecommendations."""

    item_list: list[PredictedItem]
    recommendation_id: str


class Ranking(msgspec.Struct, rename="camel"):
    """The answer of GetPersonalizedRanking."""

    personalized_ranking: list[PredictedItem]
    recommendation_id: str


class PredictedAction(msgspec.Struct, rename="camel", omit_defaults=True):
    """One place of the answer of GetActionRecommendations."""

    action_id: str
    score: float | None = None


class ActionRecommendations(msgspec.Struct, rename="camel"):
    """The answer of GetActionRecommendations."""

    action_list: list[PredictedAction]
    recommendation_id: str


def get_recommendations(engine: Engine, caller: Caller, request: dict[str, Any]) -> Recommendations:
    """GetRecommendations."""
    resource, served = _served(engine, caller, request)
    _check_operation(served, "GetRecommendations")
    for needed in served.named.needs:
        if not request.get(needed):
            raise InvalidInputError(f"{needed} is required with the recipe {served.named.name}")
    columns, explained = _metadata_columns(engine, resource, served, request)
    most = limits.RESULTS_WITH_METADATA if columns or explained else limits.RESULTS_MAX
    count = _count(request, limits.RESULTS_DEFAULT, most)
    question = RecommendationRequest(
        _query(engine, resource, served, request),
        count,
        _restriction(engine, caller, served, request),
        _promotion(engine, caller, served, request.get("promotions") or []),
        explained,
    )
    items = recommend(served, engine.groups[served.group_arn], question)
    _add_metadata(engine, served, items, columns)
    return Recommendations(items, _remember(engine, resource, served, [item.item_id for item in items]))


def get_personalized_ranking(engine: Engine, caller: Caller, request: dict[str, Any]) -> Ranking:
    """GetPersonalizedRanking."""
    resource, served = _served(engine, caller, request)
    _check_operation(served, "GetPersonalizedRanking")
    if not request["userId"]:
        raise InvalidInputError("userId is empty")
    columns, explained = _metadata_columns(engine, resource, served, request)
    given = request["inputList"]
    most = limits.RESULTS_WITH_METADATA if columns or explained else limits.RANKED_ITEMS_MAX
    if not 1 <= len(given) <= most:
        with_metadata = " with metadata" if most == limits.RESULTS_WITH_METADATA else ""
        raise InvalidInputError(f"inputList has {len(given)} members; it may have 1 to {most}{with_metadata}")
    restriction = _restriction(engine, caller, served, request)
    question = RecommendationRequest(
        _query(engine, resource, served, request), len(given), restriction, explained=explained
    )
    items = rank(served, engine.groups[served.group_arn], question, given)
    _add_metadata(engine, served, items, columns)
    return Ranking(items, _remember(engine, resource, served, [item.item_id for item in items]))


def get_action_recommendations(engine: Engine, caller: Caller, request: dict[str, Any]) -> ActionRecommendations:
    """GetActionRecommendations."""
    resource, served = _served(engine, caller, request)
    _check_operation(served, "GetActionRecommendations")
    if not request.get("userId"):
        raise InvalidInputError(f"userId is required with the recipe {served.named.name}")
    count = _count(request, limits.ACTIONS_DEFAULT, limits.ACTIONS_MAX)
    restriction = _restriction(engine, caller, served, request)
    question = RecommendationRequest(_query(engine, resource, served, request), count, restriction)
    items = recommend(served, engine.groups[served.group_arn], question)
    actions = [PredictedAction(item.item_id, item.score) for item in items]
    return ActionRecommendations(actions, _remember(engine, resource, served, [action.action_id for action in actions]))


def _served(engine: Engine, caller: Caller, request: dict[str, Any]) -> tuple[Resource[Any], Served]:
    campaign, recommender = request.get("campaignArn"), request.get("recommenderArn")
    if bool(campaign) == bool(recommender):
        raise InvalidInputError("either campaignArn or recommenderArn is required, and not both")
    kind: Kind[Any] = CAMPAIGN if campaign else RECOMMENDER
    resource = find(engine, caller, kind, str(campaign or recommender))
    served = engine.served.get(resource.arn)
    if served is None:
        raise ResourceNotFoundError(f"the {kind.label} {resource.arn} is {resource.status}, not ACTIVE")
    return resource, served


def _check_operation(served: Served, asked: str) -> None:
    wanted = OPERATION_OF.get(served.named.kind, "GetRecommendations")
    if asked != wanted:
        raise InvalidInputError(f"the campaign's recipe {served.named.name} needs {wanted}, not {asked}")


def _count(request: dict[str, Any], default: int, most: int) -> int:
    # Clients that set no number send zero: it means the default.
    count = int(request.get("numResults") or default)
    if count > most:
        with_metadata = " with metadata" if most == limits.RESULTS_WITH_METADATA else ""
        raise InvalidInputError(f"numResults must be at most {most}{with_metadata}, not {count}")
    return count


def _query(engine: Engine, resource: Resource[Any], served: Served, request: dict[str, Any]) -> Query:
    user = request.get("userId") or ""
    group = engine.groups[served.group_arn]
    users = group.interactions
    config = _config(resource)
    explored = config.get("itemExplorationConfig") or {}
    context = dict(request.get("context") or {})
    repeats = _repeats(_context_columns(engine, served), context)
    return Query(
        history=users.history(user) if user else [],
        item_id=request.get("itemId"),
        user=user,
        now=int(time.time()),
        exploration=float(explored.get("explorationWeight", limits.EXPLORATION_WEIGHT))
        if served.named.explores
        else 0.0,
        explored_age_days=float(explored.get("explorationItemAgeCutOff", limits.EXPLORATION_AGE_DAYS)),
        context=_context(engine, served, context),
        user_features=user_features(engine, served, user),
        influence=config.get("rankingInfluence") or {},
        seen=served.seen_by(users, user) if user else None,
        repeats=repeats,
    )


def user_features(engine: Engine, served: Served, user: str) -> tuple[str, ...]:
    """Return features of a user ("" for none) from the Users dataset, such as ("AGE_GROUP=25-34",)."""
    row = engine.groups[served.group_arn].rows[USERS].get(user) if user else None
    if not row:
        return ()
    schema = engine.schema_text(served.group_arn, USERS)
    excluded = frozenset(served.excluded.get(USERS, ()))
    return _features(schema, tuple(row.items()), excluded)


@lru_cache(CACHED_FEATURES)
def _features(schema: str | None, row: tuple[tuple[str, Any], ...], excluded: frozenset[str]) -> tuple[str, ...]:
    features = catalogue_of({"": dict(row)}, schema, set(excluded)).features
    return features[0] if features else ()


@lru_cache
def _column_names(schema: str) -> tuple[str, ...]:
    return tuple(column.name for column in read_schema(schema).columns)


def _context(engine: Engine, served: Served, given: dict[str, str]) -> Mapping[str, str]:
    """Check the context of a request; recipes without context ignore it, as Amazon's do."""
    if not given or not served.named.context:
        return {}
    known = _context_columns(engine, served)
    for name in given:
        if name not in known:
            raise InvalidInputError(
                f"context has the key {name}, which is no metadata column of the interactions; "
                f"these have {', '.join(known) or 'none'}"
            )
    return given


def _context_columns(engine: Engine, served: Served) -> list[str]:
    schema = engine.schema_text(served.group_arn, INTERACTIONS)
    return [name for name in _column_names(schema) if name not in limits.NO_CONTEXT] if schema else []


def _repeats(columns: list[str], context: dict[str, str]) -> bool | None:
    """Take REPEATS, unless it is a column of the interactions, from the context of a request; None if it is absent."""
    stated = context.pop(REPEATS, None) if REPEATS not in columns else None
    if stated is None:
        return None
    if stated.lower() not in ("true", "false"):
        raise InvalidInputError(f"the context {REPEATS} must be true or false, not {stated}")
    return stated.lower() == "true"


def _restriction(engine: Engine, caller: Caller, served: Served, request: dict[str, Any]) -> Restriction | None:
    arn, values = request.get("filterArn"), request.get("filterValues") or {}
    if arn:
        return _filter(engine, caller, served, arn, values)
    if values:
        raise InvalidInputError("filterValues are for a filter: set filterArn as well")
    return None


def _filter(engine: Engine, caller: Caller, served: Served, arn: str, values: Mapping[str, str]) -> Restriction:
    try:
        compiled = find_filter(engine, caller, arn)
    except ResourceInUseError as error:
        # As with campaigns: for a request, a filter that is not ACTIVE does not exist.
        raise ResourceNotFoundError(str(error)) from None
    if engine.resources.find(FILTER, arn).document["datasetGroupArn"] != served.group_arn:
        raise InvalidInputError(f"the filter {arn} belongs to another dataset group")
    target = ACTION_TARGET if served.catalogue_type == ACTIONS else ITEM_TARGET
    if compiled.target != target:
        raise InvalidInputError(f"the filter {arn} selects by {compiled.target}; this request needs one by {target}")
    if compiled.uses_current_item and served.named.kind != RELATED:
        raise InvalidInputError(
            f"the filter {arn} looks at CurrentItem, which only recipes for related items ({RELATED}) have"
        )
    return Restriction(compiled, values)


def _promotion(engine: Engine, caller: Caller, served: Served, given: list[dict[str, Any]]) -> Promotion | None:
    if not given:
        return None
    if not served.named.promotions:
        raise InvalidInputError(f"the recipe {served.named.name} takes no promotions")
    for needed in ("name", "percentPromotedItems", "filterArn"):
        if not given[0].get(needed):
            raise InvalidInputError(f"promotions[0].{needed} is required")
    stated = given[0]
    restriction = _filter(engine, caller, served, stated["filterArn"], stated.get("filterValues") or {})
    return Promotion(stated["name"], stated["percentPromotedItems"], restriction)


def _metadata_columns(
    engine: Engine, resource: Resource[Any], served: Served, request: dict[str, Any]
) -> tuple[list[str], bool]:
    """Return the requested columns of the items, and whether explanations are requested."""
    wanted = request.get("metadataColumns")
    if not wanted:
        return [], False
    if set(wanted) != {ITEMS}:
        raise InvalidInputError(f"metadataColumns has the key {ITEMS} and no other, not {', '.join(wanted)}")
    names: list[str] = wanted[ITEMS]
    if len(names) > limits.METADATA_COLUMNS:
        raise InvalidInputError(
            f"metadataColumns.{ITEMS} has {len(names)} members; it may have {limits.METADATA_COLUMNS}"
        )
    schema = engine.schema_text(served.group_arn, ITEMS)
    known = _column_names(schema) if schema else ()
    explained = EXPLANATION in names and EXPLANATION not in known
    columns = [name for name in names if not (explained and name == EXPLANATION)]
    # The second versions of the recipes need no setting (developer guide, "Item metadata in recommendations"), and an
    # explanation, which is no data of the items, needs none either.
    enabled = served.named.reasons or _config(resource).get("enableMetadataWithRecommendations")
    if not enabled and (columns or not explained):
        raise InvalidInputError(f"metadata in recommendations is not enabled for {resource.arn}")
    for name in columns:
        if name not in known:
            raise InvalidInputError(f"the items have no column {name}; they have {', '.join(known) or 'no dataset'}")
    return columns, explained


def _add_metadata(engine: Engine, served: Served, items: list[PredictedItem], columns: list[str]) -> None:
    if not columns:
        return
    rows = engine.groups[served.group_arn].rows[ITEMS]
    for item in items:
        row = {**(rows.get(item.item_id) or {}), "ITEM_ID": item.item_id}
        named = {name: _text(row[name]) for name in columns if row.get(name) is not None}
        item.metadata = {**named, **(item.metadata or {})}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _config(resource: Resource[Any]) -> dict[str, Any]:
    config: dict[str, Any] = resource.document.get("campaignConfig") or resource.document.get("recommenderConfig") or {}
    return config


def _remember(engine: Engine, resource: Resource[Any], served: Served, item_ids: list[str]) -> str:
    recommendation_id = f"RID-{random_uuid()}"
    engine.served_lists.add(recommendation_id, ServedList(resource.arn, served.group_arn, tuple(item_ids)))
    return recommendation_id


def cache_info() -> CacheInfo:
    """Return hits and misses of the cache of users' features."""
    return _features.cache_info()


OPERATIONS: Operations = {
    "GetRecommendations": get_recommendations,
    "GetPersonalizedRanking": get_personalized_ranking,
    "GetActionRecommendations": get_action_recommendations,
}
