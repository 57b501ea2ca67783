"""Training: what a solution version and a recommender have in common."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from model.engine.columns import write_columns
from model.engine.dataset_group import COLUMNS_FILE, ITEMS, ROWS_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.engine.engine import Engine


async def train(
    engine: Engine, group_arn: str, recipe_name: str, solution: dict[str, Any], private: dict[str, Any]
) -> dict[str, Any]:
    """Train a recipe on all that a dataset group holds, in a process of its own.

    Parameters
    ----------
    engine : Engine
    group_arn : str
    recipe_name : str
        Such as "aws-similar-items".
    solution : dict
        eventType and solutionConfig, where there are any.
    private : dict
        Of the resource that is trained: its "id" says where the model goes; gets "streamed" (how many streamed
        interactions the model knows) and "trained_at" (epoch seconds).

    Returns
    -------
    dict
        metrics, interactions, items and trainingHours.

    Raises
    ------
    JobFailedError
    """
    group = engine.groups[group_arn]
    started = time.time()
    items = list(engine.resources.of_kind("dataset", datasetGroupArn=group_arn, datasetType=ITEMS))
    schema = engine.resources.find("schema", items[0].document["schemaArn"]).document["schema"] if items else None
    job = {"kind": "train", "recipe": recipe_name, "solution": solution, "items_schema": schema}

    def prepare() -> Callable[[Path], None]:
        columns, rows = group.people.snapshot(), group.rows[ITEMS].all()
        private["streamed"] = group.people.streamed_count
        private["trained_at"] = time.time()

        def write(directory: Path) -> None:
            write_columns(directory / COLUMNS_FILE, columns)
            (directory / ROWS_FILE).write_text(json.dumps(rows), encoding="utf-8")

        return write

    outcome = await engine.jobs.run(job, engine.state.version(private["id"]), prepare)
    outcome["trainingHours"] = round((time.time() - started) / 3600, 4)
    return outcome
