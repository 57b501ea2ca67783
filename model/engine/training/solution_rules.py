"""What a solution may ask for: each rule of CreateSolution and UpdateSolution, apart from all resources."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError
from model.engine.training.tuning_rules import check_tuning
from model.registry.named_recipe import RANKING_METRICS
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model.registry.named_recipe import NamedRecipe

RATE = re.compile(r"rate\((\d+) days?\)")
DEFAULT_SCHEDULE = "rate(7 days)"  # API reference, AutoTrainingConfig
TRAINED_DATASETS = ("INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS")
# Without these a row says nothing (developer guide, "Configuring columns used when training").
NEVER_EXCLUDED = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE"})


def check_solution(request: dict[str, Any], recipe: NamedRecipe) -> None:
    """Check what a solution asks of its recipe.

    Parameters
    ----------
    request : dict
        Of CreateSolution.
    """
    config = request.get("solutionConfig") or {}
    check_recipe(recipe)
    if request.get("performIncrementalUpdate"):
        check_incremental_update(recipe)
    if config.get("autoMLConfig"):
        raise InvalidInputError("solutionConfig.autoMLConfig needs performAutoML")
    check_parameters(recipe, config, tuned=bool(request.get("performHPO")))
    check_tuning(recipe, config.get("hpoConfig"), asked=bool(request.get("performHPO")))
    check_events(config)
    check_objective(recipe, config.get("optimizationObjective"))
    check_columns(config.get("trainingDataConfig") or {}, "solutionConfig")
    schedule_days(config.get("autoTrainingConfig"))


def check_automl(request: dict[str, Any]) -> None:
    """Check what a solution asks that finds its recipe by itself.

    Parameters
    ----------
    request : dict
        Of CreateSolution.
    """
    if request.get("recipeArn"):
        raise InvalidInputError("recipeArn must be left out when performAutoML is true")
    config = (request.get("solutionConfig") or {}).get("autoMLConfig") or {}
    if config.get("metricName") and config["metricName"] not in RANKING_METRICS:
        raise InvalidInputError(f"metricName must be one of {', '.join(RANKING_METRICS)}, not {config['metricName']}")
    unknown = [arn for arn in config.get("recipeList") or [] if arn.rpartition("/")[2] not in automl_recipes({})]
    if unknown:
        raise InvalidInputError(f"recipeList may name recipes of the type USER_PERSONALIZATION, not {unknown[0]}")


def automl_recipes(config: dict[str, Any]) -> list[str]:
    """Return the names of the recipes that AutoML compares.

    Parameters
    ----------
    config : dict
        autoMLConfig.
    """
    named = [arn.rpartition("/")[2] for arn in config.get("recipeList") or []]
    # Amazon's own only: a network would make every such training many times as long.
    own = [one for one in RECIPES.values() if one.name.startswith("aws-") and not one.domain]
    return named or [one.name for one in own if one.kind == "USER_PERSONALIZATION"]


def check_recipe(recipe: NamedRecipe) -> None:
    """Check that a recipe is one that solutions have."""
    if recipe.domain:
        raise InvalidInputError(f"{recipe.name} is a use case of {recipe.domain}: create a recommender with it")


def check_incremental_update(recipe: NamedRecipe) -> None:
    """Check that a recipe takes new data between its trainings."""
    if not recipe.incremental_update:
        raise InvalidInputError(f"performIncrementalUpdate is for aws-semantic-similarity, not for {recipe.name}")


def check_parameters(recipe: NamedRecipe, config: dict[str, Any], *, tuned: bool = False) -> None:
    """Check hyper-parameters and feature transformation parameters.

    Parameters
    ----------
    config : dict
        solutionConfig.
    tuned : bool
        Whether hyper-parameters are optimised, without which some cannot be set.

    Raises
    ------
    InvalidInputError
        There is no such parameter, or its value is none that it can have.
    """
    for member in ("algorithmHyperParameters", "featureTransformationParameters"):
        known = {
            name: one
            for name, one in recipe.parameters.items()
            if one.featurization == (member == "featureTransformationParameters")
        }
        for name, value in (config.get(member) or {}).items():
            if name not in known:
                raise InvalidInputError(f"{recipe.name} has no {name} in {member}; it has {', '.join(known) or 'none'}")
            if known[name].only_tuned and not tuned:
                raise InvalidInputError(f"{name} has an effect with performHPO only")
            refusal = known[name].refusal(value)
            if refusal:
                raise InvalidInputError(f"{name} {refusal}, not {value}")


def check_events(config: dict[str, Any]) -> None:
    """Check which events are trained on, and with which weights.

    Parameters
    ----------
    config : dict
        solutionConfig.
    """
    threshold = config.get("eventValueThreshold")
    if threshold is not None:
        try:
            fits = math.isfinite(float(threshold))
        except ValueError:
            fits = False
        if not fits:
            raise InvalidInputError(f"eventValueThreshold must be a number, not {threshold!r}")
    check_event_parameters(config.get("eventsConfig") or {})


def check_event_parameters(events: dict[str, Any]) -> None:
    """Check an EventsConfig."""
    seen: set[str] = set()
    for one in events.get("eventParametersList") or []:
        event_type = one.get("eventType")
        if not event_type:
            raise InvalidInputError("each member of eventParametersList needs an eventType")
        if event_type.lower() in seen:
            raise InvalidInputError(f"eventParametersList has the event type {event_type} twice")
        seen.add(event_type.lower())


def check_objective(recipe: NamedRecipe, objective: dict[str, Any] | None) -> None:
    """Check an optimisation objective; whether the column is there is seen with the Items schema."""
    if not objective:
        return
    if not recipe.objective:
        raise InvalidInputError(f"{recipe.name} has no optimizationObjective; aws-user-personalization has one")
    if not objective.get("itemAttribute"):
        raise InvalidInputError(
            "optimizationObjective.itemAttribute is required: a numeric column of the Items dataset"
        )


def check_columns(config: dict[str, Any], where: str) -> None:
    """Check a TrainingDataConfig.

    Parameters
    ----------
    where : str
        The member that has it.
    """
    excluded, included = (config.get(f"{kind}DatasetColumns") or {} for kind in ("excluded", "included"))
    for name in (*excluded, *included):
        if name.upper() not in TRAINED_DATASETS:
            raise InvalidInputError(
                f"{where}.trainingDataConfig names the dataset type {name}; it may name {', '.join(TRAINED_DATASETS)}"
            )
    both = {name.upper() for name in excluded} & {name.upper() for name in included}
    if both:
        raise InvalidInputError(f"{where}.trainingDataConfig both includes and excludes columns of {min(both)}")
    needed = sorted({column for columns in excluded.values() for column in columns} & NEVER_EXCLUDED)
    if needed:
        raise InvalidInputError(f"{where}.trainingDataConfig excludes {needed[0]}, which every training needs")


def check_columns_exist(config: dict[str, Any], columns_of: dict[str, set[str]]) -> None:
    """Check that the columns of a TrainingDataConfig are those of the datasets.

    Parameters
    ----------
    columns_of : dict
        By dataset type, the columns of the dataset group's datasets.
    """
    for kind in ("excluded", "included"):
        for name, columns in (config.get(f"{kind}DatasetColumns") or {}).items():
            unknown = sorted(set(columns) - columns_of.get(name.upper(), set()))
            if unknown:
                raise InvalidInputError(f"the {name.upper()} dataset has no column {unknown[0]} to be {kind}")


def excluded_columns(config: dict[str, Any], columns_of: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return the columns that are not trained on, by dataset type.

    Parameters
    ----------
    config : dict
        trainingDataConfig.
    columns_of : dict
        All columns by dataset type.

    Returns
    -------
    dict
        Excluded ones, and where columns are included, all others.
    """
    excluded = {name.upper(): list(columns) for name, columns in (config.get("excludedDatasetColumns") or {}).items()}
    for name, columns in (config.get("includedDatasetColumns") or {}).items():
        kept = set(columns) | NEVER_EXCLUDED
        excluded[name.upper()] = [one for one in columns_of.get(name.upper(), ()) if one not in kept]
    return excluded


def schedule_days(config: dict[str, Any] | None) -> int:
    """Return how many days lie between two automatic trainings.

    Parameters
    ----------
    config : dict or None
        autoTrainingConfig.
    """
    expression = (config or {}).get("schedulingExpression") or DEFAULT_SCHEDULE
    match = RATE.fullmatch(expression)
    days = int(match[1]) if match else 0
    if not limits.AUTO_TRAINING_DAYS_MIN <= days <= limits.AUTO_TRAINING_DAYS_MAX:
        span = f"{limits.AUTO_TRAINING_DAYS_MIN} to {limits.AUTO_TRAINING_DAYS_MAX}"
        raise InvalidInputError(f"schedulingExpression must be a rate of {span} days, not {expression}")
    return days
