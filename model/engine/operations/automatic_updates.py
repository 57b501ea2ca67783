"""Automatic updates: retrains, deploys new versions to campaigns, and adds imported items to served models."""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from model.engine.monitoring.logs import log
from model.engine.operations.resources.group_datasets import has_data, interactions_version, is_importing
from model.engine.operations.serving import campaigns, recommenders
from model.engine.operations.training import solution_versions
from model.engine.personalize.arns import owner_of
from model.engine.personalize.errors import EngineError, LimitExceededError
from model.engine.storage.control_plane.kinds import (
    CAMPAIGN,
    RECOMMENDER,
    SOLUTION,
    SOLUTION_VERSION,
    RecommenderInternals,
    SolutionInternals,
    SolutionVersionInternals,
)
from model.engine.storage.control_plane.resources import ACTIVE, STOPPED, Resource
from model.engine.training.schedule import (
    HOURS_PER_DAY,
    INCREMENTAL_HOURS,
    NEW_ITEMS_HOURS,
    RECOMMENDER_DAYS,
    training_is_due,
)
from model.engine.training.solution_rules import schedule_days

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from model.engine.runtime.engine import Engine
    from model.engine.serving.served import Served
    from model.engine.storage.dataset_group import Row

ROUNDS_PER_HOUR = 60
LONGEST_PAUSE, SHORTEST_PAUSE = 5.0, 0.02  # seconds


class AutomaticUpdates:
    """Checks periodically which updates are due, from what the resources store.

    So no update is lost when the engine stops: it is made after the next start.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hour = engine.settings.pace.hour_seconds
        self._retrained: set[str] = set()  # recommenders whose training is running
        self._refreshed: dict[int, float] = {}  # when a served model last took imported items
        self._added: dict[int, Mapping[str, Row]] = {}  # the imported rows of that time

    async def run(self) -> None:
        """Run until the engine ends."""
        while True:
            await asyncio.sleep(min(max(self._hour / ROUNDS_PER_HOUR, SHORTEST_PAUSE), LONGEST_PAUSE))
            resources = self._engine.resources
            versions = self._versions_of_solutions()
            for solution in resources.of_kind(SOLUTION):
                await _guard(solution.arn, self._train(solution, versions.get(solution.arn, [])))
            for campaign in resources.of_kind(CAMPAIGN):
                active = [
                    version for version in versions.get(campaign.internals.solution, []) if version.status == ACTIVE
                ]
                if active:
                    await _guard(campaign.arn, campaigns.deploy_latest(self._engine, campaign, active[-1]))
            for recommender in resources.of_kind(RECOMMENDER):
                await _guard(recommender.arn, self._retrain(recommender))
            for served in self._due_for_new_items():
                await _guard(served.version_arn, self._add_new_items(served))

    def _versions_of_solutions(self) -> dict[str, list[Resource[SolutionVersionInternals]]]:
        """Return all versions by solution, oldest first."""
        by_solution: dict[str, list[Resource[SolutionVersionInternals]]] = defaultdict(list)
        for version in self._engine.resources.of_kind(SOLUTION_VERSION):
            by_solution[version.document["solutionArn"]].append(version)
        return by_solution

    async def _train(
        self, solution: Resource[SolutionInternals], versions: list[Resource[SolutionVersionInternals]]
    ) -> None:
        if solution.status != ACTIVE or not solution.document["performAutoTraining"]:
            return
        if any(not version.settled for version in versions) or not self._training_is_due(solution, versions):
            return
        group_arn = solution.document["datasetGroupArn"]
        if is_importing(self._engine, group_arn):
            return  # a part may exist already whose rows are still being read
        marks = [
            version.internals.data
            for version in versions
            if version.internals.data is not None and version.status != STOPPED
        ]
        if not marks and not has_data(self._engine, group_arn):
            return  # the first training waits for data as long as it takes
        if marks and marks[-1] == interactions_version(self._engine, group_arn):
            self._skip(solution, "no new interactions")
            return
        try:
            request = {"solutionArn": solution.arn}
            caller = owner_of(solution.arn)
            solution_versions.begin(self._engine, caller, solution, request, solution_versions.AUTOMATIC)
        except LimitExceededError:
            return  # tried again at the next check
        except EngineError as error:
            self._skip(solution, error.name)

    def _training_is_due(
        self, solution: Resource[SolutionInternals], versions: list[Resource[SolutionVersionInternals]]
    ) -> bool:
        config = solution.document.get("solutionConfig") or {}
        return training_is_due(
            time.time(),
            solution.internals.automatic_since,
            [version.document["creationDateTime"] for version in versions],
            days=schedule_days(config.get("autoTrainingConfig")),
            hour_seconds=self._hour,
            skipped=solution.internals.skipped_at,
        )

    def _skip(self, resource: Resource[SolutionInternals] | Resource[RecommenderInternals], reason: str) -> None:
        resource.internals.skipped_at = time.time()
        self._engine.resources.save(resource)
        log("skipped", kind=resource.kind.name, arn=resource.arn, reason=reason)

    async def _retrain(self, recommender: Resource[RecommenderInternals]) -> None:
        if recommender.status != ACTIVE or recommender.is_updating:
            return
        latest = max(recommender.internals.trained_at, recommender.internals.skipped_at)
        if recommender.arn in self._retrained or time.time() < latest + RECOMMENDER_DAYS * HOURS_PER_DAY * self._hour:
            return
        group_arn = recommender.document["datasetGroupArn"]
        if is_importing(self._engine, group_arn):
            return
        if recommender.internals.data == interactions_version(self._engine, group_arn):
            self._skip(recommender, "no new interactions")
            return
        self._retrained.add(recommender.arn)
        self._engine.lifecycles.run_in_background(self._retrain_now(recommender))

    async def _retrain_now(self, recommender: Resource[RecommenderInternals]) -> None:
        try:
            config = recommender.document[recommenders.CONFIG]
            await recommenders.retrain(self._engine, recommender, config)
        except EngineError as error:
            self._skip(recommender, error.name)  # its present model continues to answer
        finally:
            self._retrained.discard(recommender.arn)

    def _due_for_new_items(self) -> list[Served]:
        """Return the served models that are due to take imported items."""
        now = time.time()
        served = {id(entry.recipe): entry for entry in self._engine.served.by_arn().values()}
        self._refreshed = {key: self._refreshed.get(key, now) for key in served}
        hours = {key: self._hours_between_updates(entry) for key, entry in served.items()}
        due = [key for key in served if now >= self._refreshed[key] + hours[key] * self._hour]
        self._refreshed |= dict.fromkeys(due, now)
        return [served[key] for key in due]

    def _hours_between_updates(self, served: Served) -> float:
        if served.version_arn not in self._engine.resources:
            return math.inf  # it is being deleted
        trained = self._engine.resources.get(served.version_arn).document
        if trained.get("performIncrementalUpdate"):
            return INCREMENTAL_HOURS
        updated = served.named.explores or served.named.recommends_actions
        return NEW_ITEMS_HOURS if updated and trained.get("trainingMode") != solution_versions.UPDATE else math.inf

    async def _add_new_items(self, served: Served) -> None:
        rows = self._engine.groups[served.group_arn].rows[served.catalogue_type].imported
        if self._added.get(id(served.recipe)) is rows:
            return  # nothing was imported since; streamed items reach the models at once
        self._added[id(served.recipe)] = rows
        known = list(served.recipe.item_ids)
        new = await asyncio.to_thread(lambda: list(rows.keys() - set(known)))
        await self._engine.served.add_items(served, rows, new)


async def _guard(arn: str, work: Awaitable[None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - an error of one resource must not stop the updates of the others
        log("failure", arn=arn, error=type(error).__name__)
