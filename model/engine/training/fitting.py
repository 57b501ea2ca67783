"""Fitting in the worker: which recipe and which hyper-parameters, by measuring each on the same hold-out."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from model.engine.training.tuning_rules import default_ranges
from model.evaluation.solution_metrics.evaluate import evaluate
from model.recipes.recipe import UnsuitableDataError
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.datasets.training_data import TrainingData
    from model.recipes.recipe import Recipe
    from model.recipes.segments.segment_recipe import SegmentRecipe
    from model.registry.named_recipe import NamedRecipe

SEED = 20261121
DRAWS_PER_TRIAL = 20  # a small range has fewer different values than trials
# What is made as large as possible where nobody says: what the recipe is judged by first.
JUDGED_BY = ("normalized_discounted_cumulative_gain_at_25", "hit", "auc", "recall")


@dataclass(frozen=True)
class Plan:
    """What a training may choose from.

    Attributes
    ----------
    recipes : list of str
        The candidates; one but for AutoML.
    tuned : bool
        Whether hyper-parameters are optimised.
    ranges : list of (kind, range)
        Of the hyper-parameters to optimise; empty takes all that the recipe can have tuned.
    trials : int
        Most trainings of the optimisation.
    metric : str
        What is to be as large as possible; empty for what the recipe is judged by.
    settings : dict, optional
        Those of an earlier training, kept by trainingMode UPDATE.
    """

    recipes: list[str]
    tuned: bool = False
    ranges: list[tuple[str, dict[str, Any]]] | tuple[()] = ()
    trials: int = 1
    metric: str = ""
    settings: dict[str, float] | None = None


@dataclass(frozen=True)
class _Trial:
    named: NamedRecipe
    data: TrainingData
    chosen: dict[str, str]
    metrics: Mapping[str, float]
    settings: Mapping[str, float]


def fit(plan: Plan, data: TrainingData) -> tuple[Recipe | SegmentRecipe, dict[str, Any]]:
    """Choose by the plan, and fit on all of the data.

    Parameters
    ----------
    data : TrainingData
        Before `NamedRecipe.prepare`; its parameters are those that the solution states.

    Returns
    -------
    model : Recipe or SegmentRecipe
    outcome : dict
        recipe, metrics, settings, tuned (hyper-parameters), interactions, items.

    Raises
    ------
    UnsuitableDataError
        No candidate can learn from the data.
    """
    best = _best_recipe(plan, data)
    ranges = list(plan.ranges) or default_ranges(best.named)
    if plan.tuned and ranges:
        first = {
            name: value for name, value in best.data.parameters.items() if name in {one["name"] for _, one in ranges}
        }
        tries = trial_values(ranges, first, plan.trials)
        # One after another, so that no more than two trials are in memory.
        best = max((_try(plan, best.named, data, values) for values in tries), key=lambda one: _worth(plan, one))
    model = best.named.algorithm.fit(best.data, best.settings)
    known = best.data.interactions
    return model, {
        "recipe": best.named.name,
        "metrics": dict(best.metrics),
        "settings": dict(best.settings),
        "tuned": best.chosen,
        "interactions": len(known),
        "items": len(known.item_ids),
    }


def trial_values(
    ranges: list[tuple[str, dict[str, Any]]], first: Mapping[str, str], count: int
) -> list[dict[str, str]]:
    """Return what hyper-parameter optimisation tries: present values first, then drawn ones, none twice.

    Parameters
    ----------
    ranges : list of (kind, range)
        As `tuning_rules.ranges_of` returns them.
    first : mapping of str to str
        Values of the same names; they count where they lie within the ranges.
    count : int
        At most so many.

    Returns
    -------
    list of dict
        Every one has a value for every range.
    """
    draw = random.Random(SEED)  # noqa: S311 - to be repeatable, not secret
    drawn = [{one["name"]: _nearest(kind, one, first.get(one["name"])) for kind, one in ranges}]
    for _ in range(count * DRAWS_PER_TRIAL):
        if len(drawn) >= count:
            break
        values = {one["name"]: _drawn(kind, one, draw) for kind, one in ranges}
        if values not in drawn:
            drawn.append(values)
    return drawn


def _best_recipe(plan: Plan, data: TrainingData) -> _Trial:
    """Return the best of the candidates; one that cannot learn from the data is none, as long as another one can."""
    best, refusal = None, UnsuitableDataError("there is no recipe to train")
    for name in plan.recipes:
        try:
            trial = _try(plan, RECIPES[name], data, {})
        except UnsuitableDataError as error:
            refusal = error
            continue
        if best is None or _worth(plan, trial) > _worth(plan, best):
            best = trial
    if best is None:
        raise refusal
    return best


def _try(plan: Plan, named: NamedRecipe, data: TrainingData, chosen: dict[str, str]) -> _Trial:
    prepared = named.prepare(replace(data, parameters={**data.parameters, **chosen}))
    metrics, settings = evaluate(named, prepared, plan.settings)
    return _Trial(named, prepared, chosen, metrics, settings)


def _worth(plan: Plan, trial: _Trial) -> float:
    names = [plan.metric, *JUDGED_BY, *sorted(trial.metrics)]
    return next((trial.metrics[name] for name in names if name in trial.metrics), 0.0)


def _nearest(kind: str, given: dict[str, Any], value: str | None) -> str:
    if kind == "categorical":
        values: list[str] = given["values"]
        return value if value in values else values[0]
    number = float(value) if value is not None else given["minValue"]
    return _written(kind, min(max(number, given["minValue"]), given["maxValue"]))


def _drawn(kind: str, given: dict[str, Any], draw: random.Random) -> str:
    if kind == "categorical":
        return str(draw.choice(given["values"]))
    if kind == "integer":
        return _written(kind, draw.randint(int(given["minValue"]), int(given["maxValue"])))
    return _written(kind, draw.uniform(given["minValue"], given["maxValue"]))


def _written(kind: str, number: float) -> str:
    return str(int(number)) if kind == "integer" else f"{number:.4g}"
