"""Training in a process of its own, for solution versions and recommenders alike."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.group_datasets import columns_of, interactions_version, schemas_of
from model.engine.training.solution_rules import excluded_columns
from model.engine.training.training_input import copy_input
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.kinds import TrainedInternals
    from model.engine.training.fitting import Plan


@dataclass(frozen=True)
class Snapshot:
    """The data that a training reads: all that its dataset group holds when it begins.

    Attributes
    ----------
    trained_at : float
        Epoch seconds.
    streamed : int
        How many streamed interactions it includes.
    data : list
        See `interactions_version`.
    excluded : dict of list of str
        By dataset type, the columns that are not trained on.
    """

    trained_at: float
    streamed: int
    data: list[Any]
    excluded: dict[str, list[str]]

    def store_in(self, internals: TrainedInternals) -> None:
        """Note in a solution version or recommender on which data it was trained."""
        internals.trained_at, internals.streamed = self.trained_at, self.streamed
        internals.data, internals.excluded = self.data, self.excluded


@dataclass(frozen=True)
class Trained:
    """The outcome of a training.

    Attributes
    ----------
    hours : float
        From the request to the model on disk.
    """

    snapshot: Snapshot
    recipe: str
    metrics: dict[str, float]
    settings: dict[str, float]
    tuned: dict[str, str]
    hours: float


async def train(
    engine: Engine,
    group_arn: str,
    plan: Plan,
    solution: dict[str, Any],
    model_id: str,
    on_begin: Callable[[Snapshot], None] | None = None,
    later_columns: Mapping[str, list[str]] | None = None,
) -> Trained:
    """Train on all that a dataset group holds, and write the model to disk.

    Parameters
    ----------
    solution : dict
        eventType and solutionConfig, where there are any, and whether lists show items again (repeats).
    on_begin : callable, optional
        Called when the training's turn comes, so that its data is noted even where the training fails.
    later_columns : mapping of str to list of str, optional
        By dataset type, columns that are excluded beside those of the solutionConfig.
    """
    group = engine.groups[group_arn]
    of_actions = RECIPES[plan.recipes[0]].recommends_actions
    started = time.time()
    config = (solution.get("solutionConfig") or {}).get("trainingDataConfig") or {}
    excluded = excluded_columns(config, columns_of(engine, group_arn))
    for kind, columns in (later_columns or {}).items():
        excluded[kind] = [*excluded.get(kind, []), *columns]
    job = {
        "kind": "train",
        "plan": asdict(plan),
        "solution": solution,
        "schemas": schemas_of(engine, group_arn),
        "excluded": excluded,
    }
    snapshots: list[Snapshot] = []

    def prepare() -> Callable[[Path], None]:
        write = copy_input(group)
        streamed = (group.action_interactions if of_actions else group.interactions).streamed_count
        snapshots.append(Snapshot(time.time(), streamed, interactions_version(engine, group_arn), excluded))
        if on_begin is not None:
            on_begin(snapshots[-1])
        return write

    outcome = await engine.jobs.run(job, engine.state.version(model_id), prepare)
    hours = round((time.time() - started) / 3600, 4)
    chosen = {name: outcome[name] for name in ("recipe", "metrics", "settings", "tuned")}
    return Trained(snapshots[-1], **chosen, hours=hours)
