"""Campaigns: a trained version that answers; an update keeps the old one answering until the new one is ready."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from model.engine import limits
from model.engine.errors import InvalidInputError, ResourceInUseError
from model.engine.operations.claims import check_quota, claim, find, find_active
from model.engine.operations.pages import page
from model.engine.resources import ACTIVE, DELETE_PENDING, FAILED, PENDING, Resource

if TYPE_CHECKING:
    from model.engine.arns import Caller
    from model.engine.engine import Engine

KIND = "campaign"
UPDATE = "latestCampaignUpdate"
LATEST = "$LATEST"
UPDATED = ("solutionVersionArn", "minProvisionedTPS", "campaignConfig")
EXPLORATION_WEIGHT, EXPLORATION_AGE = "explorationWeight", "explorationItemAgeCutOff"
# Of a campaign that does not say (API reference, CampaignConfig; developer guide, "User-Personalization recipe").
DEFAULT_EXPLORATION_WEIGHT, DEFAULT_EXPLORATION_AGE_DAYS = 0.3, 30.0


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateCampaign."""
    version = _usable_version(engine, caller, request["solutionVersionArn"])
    _check_config(request.get("campaignConfig") or {})
    check_quota(engine, caller, KIND, limits.CAMPAIGNS_PER_GROUP, datasetGroupArn=version.document["datasetGroupArn"])
    document = {"minProvisionedTPS": 1, **request, "datasetGroupArn": version.document["datasetGroupArn"]}
    path = f"campaign/{request['name']}"
    solution = version.document["solutionArn"]
    campaign = claim(engine, caller, KIND, path, document, version=version.arn, solution=solution)
    resume_creation(engine, campaign)
    return {"campaignArn": campaign.arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeCampaign."""
    return {"campaign": find(engine, caller, KIND, request["campaignArn"]).document}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListCampaigns."""
    wanted = request.get("solutionArn")
    campaigns = engine.resources.of_kind(KIND)
    return page(caller, request, "campaigns", (one for one in campaigns if wanted in {None, one.private["solution"]}))


def update(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateCampaign."""
    campaign = find(engine, caller, KIND, request["campaignArn"])
    if campaign.status not in {ACTIVE, FAILED}:
        raise ResourceInUseError(f"the campaign {campaign.arn} is {campaign.status}, neither ACTIVE nor CREATE FAILED")
    if is_updating(campaign):
        raise ResourceInUseError(f"the campaign {campaign.arn} is being updated already")
    _check_config(request.get("campaignConfig") or {})
    asked: dict[str, Any] = {name: request.get(name, campaign.document.get(name)) for name in UPDATED}
    version = _usable_version(engine, caller, asked["solutionVersionArn"])
    if version.document["datasetGroupArn"] != campaign.document["datasetGroupArn"]:
        raise InvalidInputError(f"the solution version {version.arn} belongs to another dataset group")
    now = time.time()
    stated = {name: value for name, value in asked.items() if value is not None}
    campaign.document[UPDATE] = {**stated, "status": PENDING, "creationDateTime": now, "lastUpdatedDateTime": now}
    campaign.private["next_version"] = version.arn
    engine.resources.save(campaign)
    resume_update(engine, campaign)
    return {"campaignArn": campaign.arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteCampaign: it answers no more from now on."""
    campaign = find(engine, caller, KIND, request["campaignArn"])
    if campaign.status not in {ACTIVE, FAILED} or is_updating(campaign):
        raise ResourceInUseError(f"the campaign {campaign.arn} is being created, updated or deleted")
    campaign.document["status"] = DELETE_PENDING
    engine.resources.save(campaign)
    resume_deletion(engine, campaign)
    return {}


def is_updating(campaign: Resource) -> bool:
    """Tell whether an update is on its way."""
    return campaign.document.get(UPDATE, {}).get("status", ACTIVE) not in {ACTIVE, FAILED}


def exploration(campaign: Resource) -> tuple[float, float]:
    """Return a campaign's exploration weight and the age in days up to which items are explored.

    Parameters
    ----------
    campaign : Resource

    Returns
    -------
    (float, float)
    """
    config = (campaign.document.get("campaignConfig") or {}).get("itemExplorationConfig") or {}
    weight = float(config.get(EXPLORATION_WEIGHT, DEFAULT_EXPLORATION_WEIGHT))
    return weight, float(config.get(EXPLORATION_AGE, DEFAULT_EXPLORATION_AGE_DAYS))


def resume_creation(engine: Engine, campaign: Resource) -> None:
    """Begin a creation, or go on with one that a stop of the engine broke off."""
    engine.lifecycles.create(campaign, partial(engine.serve, campaign, campaign.private["version"]))


def resume_update(engine: Engine, campaign: Resource) -> None:
    """Begin an update, or go on with one that a stop of the engine broke off."""

    async def change() -> None:
        version = engine.resources.find("solution-version", campaign.private["next_version"])
        await engine.serve(campaign, version.arn)
        campaign.private.update(version=version.arn, solution=version.document["solutionArn"])
        campaign.document.update({name: campaign.document[UPDATE].get(name) for name in UPDATED})
        campaign.document["status"] = ACTIVE
        campaign.document.pop("failureReason", None)
        engine.resources.save(campaign)

    engine.lifecycles.create(campaign, change, UPDATE)


def resume_deletion(engine: Engine, campaign: Resource) -> None:
    """Begin a deletion, or go on with one that a stop of the engine broke off."""
    engine.served.pop(campaign.arn, None)

    async def remove() -> None:
        engine.resources.remove(campaign)

    engine.lifecycles.delete(campaign, remove)


def _usable_version(engine: Engine, caller: Caller, arn: str) -> Resource:
    if arn.endswith(f"/{LATEST}"):
        raise InvalidInputError(f"{LATEST} is not offered yet: name a solution version")
    return find_active(engine, caller, "solution-version", arn)


def _check_config(config: dict[str, Any]) -> None:
    for name in ("enableMetadataWithRecommendations", "syncWithLatestSolutionVersion", "rankingInfluence"):
        if config.get(name):
            raise InvalidInputError(f"campaignConfig.{name} is not offered yet: leave it out")
    most = {EXPLORATION_WEIGHT: 1.0, EXPLORATION_AGE: float("inf")}
    for name, value in (config.get("itemExplorationConfig") or {}).items():
        if name not in most:
            raise InvalidInputError(f"itemExplorationConfig has {' and '.join(most)}, not {name}")
        try:
            fits = 0 <= float(value) <= most[name]
        except ValueError:
            fits = False
        if not fits:
            raise InvalidInputError(f"itemExplorationConfig.{name} must be a number from 0 to {most[name]:g}")


OPERATIONS = {
    "CreateCampaign": create,
    "DescribeCampaign": describe,
    "ListCampaigns": list_all,
    "UpdateCampaign": update,
    "DeleteCampaign": delete,
}
