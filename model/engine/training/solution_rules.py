"""Rules of CreateSolution and UpdateSolution that need no other resource."""

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

RATE = re.compile(r"rate\((\d+) days?\)", re.ASCII)
DEFAULT_SCHEDULE = "rate(7 days)"  # API reference, AutoTrainingConfig
TRAINED_DATASETS = ("INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS")
# Rows need these columns (developer guide, "Configuring columns used when training").
NEVER_EXCLUDED = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE"})


# A tag of a solution or recommender: whether its lists show items that the user has interacted with, from the next
# training on. Amazon Personalize accepts it without effect.
REPEATS_TAG = "rivulet:repeats"


def asks_for_repeats(tags: Iterable[Mapping[str, str]]) -> bool:
    """Return whether the tags of a solution or recommender ask for lists that show items again."""
    return any(tag["tagKey"] == REPEATS_TAG and tag["tagValue"].lower() == "true" for tag in tags)


def check_solution(request: dict[str, Any], recipe: NamedRecipe) -> None:
    """Check a solution against the rules of its recipe."""
    config = request.get("solutionConfig") or {}
    check_recipe(recipe)
    if request.get("performIncrementalUpdate"):
        check_incremental_update(recipe)
    if config.get("autoMLConfig"):
        raise InvalidInputError("solutionConfig.autoMLConfig needs performAutoML")
    check_parameters(recipe, config, tuned=bool(request.get("performHPO")))
    check_tuning(recipe, config.get("hpoConfig"), performed=bool(request.get("performHPO")))
    check_events(config)
    check_objective(recipe, config.get("optimizationObjective"))
    check_columns(config.get("trainingDataConfig") or {}, "solutionConfig")
    schedule_days(config.get("autoTrainingConfig"))


def check_automl(request: dict[str, Any]) -> None:
    """Check a solution with AutoML."""
    if request.get("recipeArn"):
        raise InvalidInputError("recipeArn must be left out when performAutoML is true")
    config = (request.get("solutionConfig") or {}).get("autoMLConfig") or {}
    if config.get("metricName") and config["metricName"] not in RANKING_METRICS:
        raise InvalidInputError(f"metricName must be one of {', '.join(RANKING_METRICS)}, not {config['metricName']}")
    unknown = [arn for arn in config.get("recipeList") or [] if arn.rpartition("/")[2] not in automl_recipes({})]
    if unknown:
        raise InvalidInputError(f"recipeList may name recipes of the type USER_PERSONALIZATION, not {unknown[0]}")


def automl_recipes(config: dict[str, Any]) -> list[str]:
    """Return the names of the recipes that AutoML compares."""
    named = [arn.rpartition("/")[2] for arn in config.get("recipeList") or []]
    # Only Amazon's: networks would make every such training many times as long.
    custom = [recipe for recipe in RECIPES.values() if recipe.name.startswith("aws-") and not recipe.domain]
    return named or [recipe.name for recipe in custom if recipe.kind == "USER_PERSONALIZATION"]


def check_recipe(recipe: NamedRecipe) -> None:
    """Check that solutions may have a recipe."""
    if recipe.domain:
        raise InvalidInputError(f"{recipe.name} is a use case of {recipe.domain}: create a recommender with it")


def check_incremental_update(recipe: NamedRecipe) -> None:
    """Check that a recipe supports incremental updates."""
    if not recipe.incremental_update:
        raise InvalidInputError(f"performIncrementalUpdate is for aws-semantic-similarity, not for {recipe.name}")


def check_parameters(recipe: NamedRecipe, config: dict[str, Any], *, tuned: bool = False) -> None:
    """Check hyper-parameters, some of which only tuning may set, and feature transformation parameters."""
    for member in ("algorithmHyperParameters", "featureTransformationParameters"):
        known = {
            name: parameter
            for name, parameter in recipe.parameters.items()
            if parameter.featurization == (member == "featureTransformationParameters")
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
    """Check the events to train on and their weights."""
    threshold = config.get("eventValueThreshold")
    if threshold is not None:
        try:
            fits = threshold.isascii() and math.isfinite(float(threshold))
        except ValueError:
            fits = False
        if not fits:
            raise InvalidInputError(f"eventValueThreshold must be a number, not {threshold!r}")
    check_event_parameters(config.get("eventsConfig") or {})


def check_event_parameters(events: dict[str, Any]) -> None:
    """Check an EventsConfig."""
    seen: set[str] = set()
    for parameters in events.get("eventParametersList") or []:
        event_type = parameters.get("eventType")
        if not event_type:
            raise InvalidInputError("each member of eventParametersList needs an eventType")
        if event_type.lower() in seen:
            raise InvalidInputError(f"eventParametersList has the event type {event_type} twice")
        seen.add(event_type.lower())


def check_objective(recipe: NamedRecipe, objective: dict[str, Any] | None) -> None:
    """Check an optimisation objective; the Items schema determines later whether its column exists."""
    if not objective:
        return
    if not recipe.objective:
        raise InvalidInputError(f"{recipe.name} has no optimizationObjective; aws-user-personalization has one")
    if not objective.get("itemAttribute"):
        raise InvalidInputError(
            "optimizationObjective.itemAttribute is required: a numeric column of the Items dataset"
        )


def check_columns(config: dict[str, Any], where: str) -> None:
    """Check a TrainingDataConfig, which the member `where` contains."""
    excluded, included = (config.get(f"{kind}DatasetColumns") or {} for kind in ("excluded", "included"))
    for name in (*excluded, *included):
        if name.upper() not in TRAINED_DATASETS:
            raise InvalidInputError(
                f"{where}.trainingDataConfig has the dataset type {name}; valid ones are {', '.join(TRAINED_DATASETS)}"
            )
    both = {name.upper() for name in excluded} & {name.upper() for name in included}
    if both:
        raise InvalidInputError(f"{where}.trainingDataConfig both includes and excludes columns of {min(both)}")
    needed = sorted({column for columns in excluded.values() for column in columns} & NEVER_EXCLUDED)
    if needed:
        raise InvalidInputError(f"{where}.trainingDataConfig excludes {needed[0]}, which every training needs")


def check_columns_exist(config: dict[str, Any], columns_of: dict[str, set[str]]) -> None:
    """Check that the columns of a TrainingDataConfig exist."""
    for kind in ("excluded", "included"):
        for name, columns in (config.get(f"{kind}DatasetColumns") or {}).items():
            unknown = sorted(set(columns) - columns_of.get(name.upper(), set()))
            if unknown:
                raise InvalidInputError(f"the {name.upper()} dataset has no column {unknown[0]} to be {kind}")


def excluded_columns(config: dict[str, Any], columns_of: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return the columns that a trainingDataConfig excludes, by dataset type; if columns are included, all others."""
    excluded = {name.upper(): list(columns) for name, columns in (config.get("excludedDatasetColumns") or {}).items()}
    for name, columns in (config.get("includedDatasetColumns") or {}).items():
        kept = set(columns) | NEVER_EXCLUDED
        excluded[name.upper()] = [column for column in columns_of.get(name.upper(), ()) if column not in kept]
    return excluded


def schedule_days(config: dict[str, Any] | None) -> int:
    """Return the days between two automatic trainings by an autoTrainingConfig."""
    expression = (config or {}).get("schedulingExpression") or DEFAULT_SCHEDULE
    match = RATE.fullmatch(expression)
    days = int(match[1]) if match else 0
    if not limits.AUTO_TRAINING_DAYS_MIN <= days <= limits.AUTO_TRAINING_DAYS_MAX:
        span = f"{limits.AUTO_TRAINING_DAYS_MIN} to {limits.AUTO_TRAINING_DAYS_MAX}"
        raise InvalidInputError(f"schedulingExpression must be a rate of {span} days, not {expression}")
    return days
