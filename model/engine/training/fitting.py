"""Chooses recipe and hyper-parameters on one hold-out, and fits the chosen recipe on all data."""

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
DRAWS_PER_TRIAL = 20  # a small range can have fewer values than there are trials
# The metric to maximise by default: the first of these that the recipe has.
DEFAULT_OBJECTIVES = ("normalized_discounted_cumulative_gain_at_25", "hit", "auc", "recall")


@dataclass(frozen=True)
class Plan:
    """The recipes and hyper-parameters that a training chooses from.

    Attributes
    ----------
    recipes : list of str
        The candidates; one except for AutoML.
    ranges : list of (kind, range)
        Of the hyper-parameters to optimise; empty for all tunable ones of the recipe.
    trials : int
        Limit on the trainings of the optimisation.
    metric : str
        The metric to maximise; empty for the default of the recipe.
    settings : dict, optional
        Settings of an earlier training, for trainingMode UPDATE.
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
    """Choose recipe and hyper-parameters by the plan, and fit the recipe on all data.

    Parameters
    ----------
    data : TrainingData
        Before `NamedRecipe.prepare`, with the parameters of the solution.

    Returns
    -------
    outcome : dict
        recipe, metrics, settings, tuned (hyper-parameters), interactions, items.

    Raises
    ------
    UnsuitableDataError
        No candidate can be trained on the data.
    """
    best = _best_recipe(plan, data)
    ranges = list(plan.ranges) or default_ranges(best.named)
    if plan.tuned and ranges:
        first = {
            name: value
            for name, value in best.data.parameters.items()
            if name in {given["name"] for _, given in ranges}
        }
        candidates = draw_trials(ranges, first, plan.trials)
        # In sequence, so that at most two trials are in memory.
        trials = (_run_trial(plan, best.named, data, values) for values in candidates)
        best = max(trials, key=lambda trial: _objective(plan, trial))
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


def draw_trials(ranges: list[tuple[str, dict[str, Any]]], first: Mapping[str, str], count: int) -> list[dict[str, str]]:
    """Return the hyper-parameters of each trial: the present values first, then random ones, none twice.

    Parameters
    ----------
    ranges : list of (kind, range)
        As `tuning_rules.ranges_of` returns them.
    first : mapping of str to str
        Present values, which are moved into the ranges.

    Returns
    -------
    list of dict
        Each has a value for every range.
    """
    draw = random.Random(SEED)  # noqa: S311 - to be repeatable, not secret
    drawn = [{given["name"]: _nearest(kind, given, first.get(given["name"])) for kind, given in ranges}]
    for _ in range(count * DRAWS_PER_TRIAL):
        if len(drawn) >= count:
            break
        values = {given["name"]: _drawn(kind, given, draw) for kind, given in ranges}
        if values not in drawn:
            drawn.append(values)
    return drawn


def _best_recipe(plan: Plan, data: TrainingData) -> _Trial:
    """Return the trial of the best candidate; candidates that cannot be trained on the data are skipped."""
    best, refusal = None, UnsuitableDataError("there is no recipe to train")
    for name in plan.recipes:
        try:
            trial = _run_trial(plan, RECIPES[name], data, {})
        except UnsuitableDataError as error:
            refusal = error
            continue
        if best is None or _objective(plan, trial) > _objective(plan, best):
            best = trial
    if best is None:
        raise refusal
    return best


def _run_trial(plan: Plan, named: NamedRecipe, data: TrainingData, chosen: dict[str, str]) -> _Trial:
    prepared = named.prepare(replace(data, parameters={**data.parameters, **chosen}))
    metrics, settings = evaluate(named, prepared, plan.settings)
    return _Trial(named, prepared, chosen, metrics, settings)


def _objective(plan: Plan, trial: _Trial) -> float:
    names = [plan.metric, *DEFAULT_OBJECTIVES, *sorted(trial.metrics)]
    return next((trial.metrics[name] for name in names if name in trial.metrics), 0.0)


def _nearest(kind: str, given: dict[str, Any], value: str | None) -> str:
    if kind == "categorical":
        values: list[str] = given["values"]
        return value if value in values else values[0]
    number = float(value) if value is not None else given["minValue"]
    return _format(kind, min(max(number, given["minValue"]), given["maxValue"]))


def _drawn(kind: str, given: dict[str, Any], draw: random.Random) -> str:
    if kind == "categorical":
        return str(draw.choice(given["values"]))
    if kind == "integer":
        return _format(kind, draw.randint(int(given["minValue"]), int(given["maxValue"])))
    return _format(kind, draw.uniform(given["minValue"], given["maxValue"]))


def _format(kind: str, number: float) -> str:
    return str(int(number)) if kind == "integer" else f"{number:.4g}"
