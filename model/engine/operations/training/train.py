"""Training: what a solution version and a recommender have in common."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.datasets.dataset_types import INTERACTIONS
from model.engine.training.solution_rules import excluded_columns
from model.engine.training.training_input import take_input
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.engine.runtime.engine import Engine
    from model.engine.training.fitting import Plan


def schemas_of(engine: Engine, group_arn: str) -> dict[str, str]:
    """Return the schemas of a dataset group's datasets by dataset type.

    Returns
    -------
    dict of str to str
        JSON texts.
    """
    return {
        one.document["datasetType"]: engine.resources.find("schema", one.document["schemaArn"]).document["schema"]
        for one in engine.resources.of_kind("dataset", datasetGroupArn=group_arn)
    }


def columns_of(engine: Engine, group_arn: str) -> dict[str, list[str]]:
    """Return the columns of a dataset group's datasets by dataset type."""
    return {
        kind: [column.name for column in read_schema(text).columns]
        for kind, text in schemas_of(engine, group_arn).items()
    }


def data_mark(engine: Engine, group_arn: str) -> list[Any]:
    """Return what differs as soon as a dataset group has other interactions than before.

    Returns
    -------
    list
        To be compared with an earlier one; it can be written as JSON.
    """
    datasets = engine.resources.of_kind("dataset", datasetGroupArn=group_arn)
    parts = [one.private["parts"] for one in datasets if one.document["datasetType"].endswith(INTERACTIONS)]
    group = engine.groups[group_arn]
    return [parts, group.interactions.streamed_count, group.action_interactions.streamed_count]


def has_data(engine: Engine, group_arn: str) -> bool:
    """Tell whether anything was imported or streamed into a dataset group."""
    datasets = engine.resources.of_kind("dataset", datasetGroupArn=group_arn)
    return any(one.private["parts"] for one in datasets) or any(data_mark(engine, group_arn)[1:])


def is_importing(engine: Engine, group_arn: str) -> bool:
    """Tell whether an import into a dataset group is on its way."""
    datasets = {one.arn for one in engine.resources.of_kind("dataset", datasetGroupArn=group_arn)}
    imports = engine.resources.of_kind("dataset-import-job")
    return any(not one.settled for one in imports if one.document["datasetArn"] in datasets)


async def train(
    engine: Engine, group_arn: str, plan: Plan, solution: dict[str, Any], private: dict[str, Any]
) -> dict[str, Any]:
    """Train on all that a dataset group holds, in a process of its own.

    Parameters
    ----------
    plan : Plan
        Recipes and hyper-parameters to choose from.
    solution : dict
        eventType and solutionConfig, where there are any.
    private : dict
        Of the resource that is trained: its "id" says where the model goes; gets "streamed" (how many streamed
        interactions the model knows), "trained_at" (epoch seconds), "data" (see `data_mark`) and "excluded" (the
        columns not trained on, by dataset type).

    Returns
    -------
    dict
        recipe, metrics, settings, tuned, interactions, items and trainingHours.
    """
    group = engine.groups[group_arn]
    of_actions = RECIPES[plan.recipes[0]].recommends_actions
    started = time.time()
    config = (solution.get("solutionConfig") or {}).get("trainingDataConfig") or {}
    private["excluded"] = excluded_columns(config, columns_of(engine, group_arn))
    job = {
        "kind": "train",
        "plan": asdict(plan),
        "solution": solution,
        "schemas": schemas_of(engine, group_arn),
        "excluded": private["excluded"],
    }

    def prepare() -> Callable[[Path], None]:
        write = take_input(group)
        private["streamed"] = (group.action_interactions if of_actions else group.interactions).streamed_count
        private["trained_at"] = time.time()
        private["data"] = data_mark(engine, group_arn)
        return write

    outcome = await engine.jobs.run(job, engine.state.version(private["id"]), prepare)
    outcome["trainingHours"] = round((time.time() - started) / 3600, 4)
    return outcome
