"""Campaigns: serve a solution version; during an update the old version answers until the new one is ready."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.group_datasets import columns_of
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.pages import page
from model.engine.operations.resources.reading import describe_operation
from model.engine.operations.resources.rules import check_quota, create_resource, find, find_active
from model.engine.operations.training.recipes import recipe_of
from model.engine.operations.training.solution_versions import latest_active
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError, ResourceInUseError
from model.engine.serving.serving_rules import (
    SYNCHRONISED,
    check_explores,
    check_influence,
    check_metadata,
    check_throughput,
)
from model.engine.storage.control_plane.kinds import (
    CAMPAIGN,
    SOLUTION,
    SOLUTION_VERSION,
    CampaignInternals,
    SolutionVersionInternals,
)
from model.engine.storage.control_plane.resources import ACTIVE, DELETE_PENDING, FAILED, Resource

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

LATEST = "/$LATEST"
UPDATED = ("solutionVersionArn", "minProvisionedTPS", "campaignConfig")


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateCampaign."""
    version = _usable_version(engine, caller, request)
    group_arn = version.document["datasetGroupArn"]
    _check_config(engine, version, request)
    check_quota(engine, caller, CAMPAIGN, request["name"], limits.CAMPAIGNS_PER_GROUP, datasetGroupArn=group_arn)
    document = {"minProvisionedTPS": 1, **request, "solutionVersionArn": version.arn, "datasetGroupArn": group_arn}
    path = f"campaign/{request['name']}"
    internals = CampaignInternals(version=version.arn, solution=version.document["solutionArn"])
    campaign = create_resource(engine, caller, CAMPAIGN, path, document, internals)
    resume_creation(engine, campaign)
    return {"campaignArn": campaign.arn}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListCampaigns."""
    wanted = request.get("solutionArn")
    campaigns = engine.resources.of_kind(CAMPAIGN)
    return page(
        caller,
        request,
        "campaigns",
        (campaign for campaign in campaigns if wanted in {None, campaign.internals.solution}),
    )


def update(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateCampaign."""
    campaign = find(engine, caller, CAMPAIGN, request["campaignArn"])
    if campaign.status not in {ACTIVE, FAILED}:
        raise ResourceInUseError(f"the campaign {campaign.arn} is {campaign.status}, neither ACTIVE nor CREATE FAILED")
    if campaign.is_updating:
        raise ResourceInUseError(f"the campaign {campaign.arn} is being updated already")
    asked: dict[str, Any] = {name: request.get(name, campaign.document.get(name)) for name in UPDATED}
    if "solutionVersionArn" not in request and _synchronised(asked):
        asked["solutionVersionArn"] = f"{campaign.internals.solution}{LATEST}"
    version = _usable_version(engine, caller, asked)
    if version.document["datasetGroupArn"] != campaign.document["datasetGroupArn"]:
        raise InvalidInputError(f"the solution version {version.arn} belongs to another dataset group")
    _check_config(engine, version, asked)
    stated = {name: value for name, value in {**asked, "solutionVersionArn": version.arn}.items() if value is not None}
    campaign.begin_update(**stated)
    campaign.internals.next_version = version.arn
    engine.resources.save(campaign)
    resume_update(engine, campaign)
    return {"campaignArn": campaign.arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteCampaign: it stops answering at once."""
    campaign = find(engine, caller, CAMPAIGN, request["campaignArn"])
    if campaign.status not in {ACTIVE, FAILED} or campaign.is_updating:
        raise ResourceInUseError(f"the campaign {campaign.arn} is being created, updated or deleted")
    campaign.document["status"] = DELETE_PENDING
    engine.resources.save(campaign)
    resume_deletion(engine, campaign)
    return {}


def resume_creation(engine: Engine, campaign: Resource[CampaignInternals]) -> None:
    """Start or resume a creation."""
    engine.lifecycles.create(campaign, partial(engine.serve, campaign, campaign.internals.version))


def resume_update(engine: Engine, campaign: Resource[CampaignInternals]) -> None:
    """Start or resume an update."""

    async def change() -> None:
        version = engine.resources.find(SOLUTION_VERSION, campaign.internals.next_version)
        await engine.serve(campaign, version.arn)
        campaign.internals.version, campaign.internals.solution = version.arn, version.document["solutionArn"]
        campaign.document.update({name: campaign.latest_update.get(name) for name in UPDATED})
        campaign.document["status"] = ACTIVE
        campaign.document.pop("failureReason", None)
        engine.resources.save(campaign)

    engine.lifecycles.create(campaign, change, campaign.kind.update_member)


def resume_deletion(engine: Engine, campaign: Resource[CampaignInternals]) -> None:
    """Start or resume a deletion."""
    engine.served.remove(campaign.arn)
    engine.lifecycles.delete(campaign)


async def deploy_latest(
    engine: Engine, campaign: Resource[CampaignInternals], version: Resource[SolutionVersionInternals]
) -> None:
    """Deploy the latest version of the solution to a campaign that has syncWithLatestSolutionVersion."""
    if version.arn == campaign.internals.version or not _takes_latest(campaign):
        return
    served = await engine.served.load(version, share=True)
    if _takes_latest(campaign):  # it may have been updated or deleted meanwhile
        engine.served.set(campaign.arn, served)
        campaign.internals.version = version.arn
        campaign.document["solutionVersionArn"] = version.arn
        engine.resources.save(campaign)


def _takes_latest(campaign: Resource[CampaignInternals]) -> bool:
    return campaign.status == ACTIVE and not campaign.is_updating and _synchronised(campaign.document)


def _synchronised(document: dict[str, Any]) -> bool:
    return bool((document.get("campaignConfig") or {}).get(SYNCHRONISED))


def _usable_version(engine: Engine, caller: Caller, asked: dict[str, Any]) -> Resource[SolutionVersionInternals]:
    arn: str = asked["solutionVersionArn"]
    if not arn.endswith(LATEST):
        if _synchronised(asked):
            raise InvalidInputError(f"with {SYNCHRONISED} the solutionVersionArn must be a solution's ARN and {LATEST}")
        return find_active(engine, caller, SOLUTION_VERSION, arn)
    solution = find_active(engine, caller, SOLUTION, arn.removesuffix(LATEST))
    version = latest_active(engine, solution.arn)
    if version is None:
        if any(not version.settled for version in engine.resources.of_kind(SOLUTION_VERSION, solutionArn=solution.arn)):
            raise ResourceInUseError(f"the first version of the solution {solution.arn} is still being trained")
        raise InvalidInputError(f"the solution {solution.arn} has no ACTIVE version yet")
    return version


def _check_config(engine: Engine, version: Resource[SolutionVersionInternals], asked: dict[str, Any]) -> None:
    recipe = recipe_of(version.document["recipeArn"])
    if recipe.kind == "USER_SEGMENTATION":
        raise InvalidInputError(f"{recipe.name} answers batch segment jobs, not campaigns")
    config = asked.get("campaignConfig") or {}
    known = columns_of(engine, version.document["datasetGroupArn"])
    check_explores(recipe, config)
    check_influence(recipe, config)
    check_metadata(config, {kind: set(columns) for kind, columns in known.items()})
    check_throughput("minProvisionedTPS", {"minProvisionedTPS": asked.get("minProvisionedTPS") or 1})


RESOURCE_KIND = ResourceKind(
    CAMPAIGN,
    {
        "CreateCampaign": create,
        "DescribeCampaign": describe_operation(CAMPAIGN),
        "ListCampaigns": list_all,
        "UpdateCampaign": update,
        "DeleteCampaign": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
    resume_update=resume_update,
)
