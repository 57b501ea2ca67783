"""Trainings in the worker; see `worker` for a job's directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.datasets.dataset_types import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, USERS
from model.datasets.training_data import TrainingData, catalogue_of, select_interactions
from model.engine.jobs.files import RESULT
from model.engine.training.fitting import Plan, fit
from model.engine.training.training_input import read_input
from model.recipes.recipe import REPEATS
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from pathlib import Path


def train(directory: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Train a recipe and measure it.

    Parameters
    ----------
    directory : Path
        The model is written to `result/` in it.
    job : dict
        plan, solution, schemas and excluded (columns by dataset type).

    Returns
    -------
    dict
        See `fitting.fit`.
    """
    solution = job["solution"]
    config = solution.get("solutionConfig") or {}
    given = read_input(directory)
    named = RECIPES[job["plan"]["recipes"][0]]
    of_actions = named.recommends_actions
    subjects, events = (ACTIONS, ACTION_INTERACTIONS) if of_actions else (ITEMS, INTERACTIONS)
    catalogue, users = (
        catalogue_of(given.rows[kind], job["schemas"].get(kind), set(job["excluded"].get(kind, ())))
        for kind in (subjects, USERS)
    )
    data = TrainingData(
        # Neither recipes of actions nor those that train on items only need a minimum of interactions.
        select_interactions(
            given.columns[events],
            solution,
            frozenset(job["excluded"].get(events, ())),
            enough=not of_actions and INTERACTIONS in named.datasets,
        ),
        catalogue,
        {
            **(config.get("algorithmHyperParameters") or {}),
            **(config.get("featureTransformationParameters") or {}),
            REPEATS: str(bool(solution.get("repeats"))).lower(),
        },
        users,
        config,
    )
    model, outcome = fit(Plan(**job["plan"]), data)
    model.save(directory / RESULT)
    return outcome
