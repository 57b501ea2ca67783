"""Life cycles: take resources through their states, in order, at the chosen pace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.datasets.errors import DatasetError
from model.engine.monitoring.logs import log
from model.engine.personalize.errors import EngineError, ServiceUnavailableError
from model.engine.storage.control_plane.kinds import BRIEF_KINDS
from model.engine.storage.control_plane.resources import (
    ACTIVE,
    DELETE_IN_PROGRESS,
    FAILED,
    IN_PROGRESS,
    PENDING,
    STOPPED,
    STOPPING,
    UPDATE_IN_PROGRESS,
    UPDATE_PENDING,
    Resource,
    Resources,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from model.engine.configuration.settings import Pace

RETRY_SECONDS = 1.0  # until a change that the disk has refused is tried again

Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class States:
    """The names of the states of a creation or change."""

    pending: str
    in_progress: str
    done: str
    failed: str


# API reference: `status` of each resource; data deletion jobs spell theirs differently.
CREATION = States(PENDING, IN_PROGRESS, ACTIVE, FAILED)
DATA_DELETION = States("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED")
STOP = States("STOP PENDING", "STOP IN_PROGRESS", "INACTIVE", FAILED)
START = States("START PENDING", "START IN_PROGRESS", ACTIVE, FAILED)


class Lifecycles:
    """Runs one task per resource that is being created, changed, stopped or deleted."""

    def __init__(self, resources: Resources, pace: Pace) -> None:
        self._resources = resources
        self._pace = pace
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._brief: set[asyncio.Task[None]] = set()

    def create(
        self, resource: Resource[Any], work: Work | None = None, part: str | None = None, states: States = CREATION
    ) -> None:
        """Take a resource from pending to in progress and then done, or failed with the reason.

        Parameters
        ----------
        resource : Resource
            Its status is pending, or in progress where a stop of the engine interrupted it.
        work : callable, optional
            What must be done first; an `EngineError` or `DatasetError` fails it, and its message is the reason.
        part : str, optional
            The member of the document that has the status, such as latestCampaignUpdate; by default the document.
        """
        self._start(resource, self._run(resource, work, part, states), is_brief=resource.kind in BRIEF_KINDS)

    async def finish_brief(self) -> None:
        """Wait until all brief changes are done, at a pace at which they take no time."""
        if self._brief and not self._pace.brief_seconds:
            await asyncio.wait(self._brief)

    async def stop(self, resource: Resource[Any]) -> None:
        """Stop a creation: a pending one is CREATE STOPPED at once, any other one after CREATE STOPPING.

        Parameters
        ----------
        resource : Resource
            CREATE STOPPING where a stop of the engine interrupted the stopping.
        """
        running = [task for task, arn in self._tasks.items() if arn == resource.arn]
        # API reference, StopSolutionVersionCreation. Before the tasks are cancelled: the disk may refuse it.
        self._set(resource, None, STOPPED if resource.status == PENDING else STOPPING)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if resource.status == STOPPING:
            self._start(resource, self._stop(resource))

    def run_in_background(self, running: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that changes no state of a resource, until it ends or the engine does."""
        task = asyncio.create_task(running)
        self._tasks[task] = ""
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def delete(self, resource: Resource[Any], work: Work | None = None, in_progress: str = DELETE_IN_PROGRESS) -> None:
        """Take a resource from DELETE PENDING to DELETE IN_PROGRESS, then remove it or run `work`, which removes it."""
        self._start(resource, self._delete(resource, work, in_progress), is_brief=True)

    async def close(self) -> None:
        """Cancel all tasks; creations and deletions in progress resume at the next start of the engine."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, resource: Resource[Any], running: Coroutine[Any, Any, None], *, is_brief: bool = False) -> None:
        task = asyncio.create_task(running)
        self._tasks[task] = resource.arn
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        if is_brief:
            self._brief.add(task)
            task.add_done_callback(self._brief.discard)

    async def _run(self, resource: Resource[Any], work: Work | None, part: str | None, states: States) -> None:
        is_brief = resource.kind in BRIEF_KINDS
        await asyncio.sleep(self._pace.brief_seconds if is_brief else self._pace.pending_seconds)
        await self._enter(resource, part, states.in_progress)
        started = time.monotonic()
        try:
            if work is not None:
                await work()
        except (EngineError, DatasetError) as failure:
            await self._enter(resource, part, states.failed, str(failure))
            return
        except Exception as error:  # noqa: BLE001 - a resource must not stay in a state for ever
            log("failure", kind=resource.kind.name, arn=resource.arn, error=type(error).__name__)
            await self._enter(resource, part, states.failed, "the engine met an internal error; its log has the kind")
            return
        seconds = self._pace.brief_seconds if is_brief else self._pace.in_progress_seconds
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - started)))
        await self._enter(resource, part, states.done)

    async def _stop(self, resource: Resource[Any]) -> None:
        await asyncio.sleep(self._pace.pending_seconds)
        await self._enter(resource, None, STOPPED)

    async def _delete(self, resource: Resource[Any], work: Work | None, in_progress: str) -> None:
        await asyncio.sleep(self._pace.brief_seconds)
        await self._enter(resource, None, in_progress)
        await asyncio.sleep(self._pace.brief_seconds)
        while True:
            try:
                if work is None:
                    self._resources.remove(resource)
                else:
                    await work()
                break
            except (ServiceUnavailableError, OSError):
                await asyncio.sleep(RETRY_SECONDS)
        log("deleted", kind=resource.kind.name, arn=resource.arn)

    async def _enter(self, resource: Resource[Any], part: str | None, status: str, reason: str | None = None) -> None:
        """Set a status, and retry while the disk refuses it: a resource must not stay in a state for ever."""
        while True:
            try:
                self._set(resource, part, status, reason)
            except ServiceUnavailableError:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    def _set(self, resource: Resource[Any], part: str | None, status: str, reason: str | None = None) -> None:
        document = resource.document if part is None else resource.document[part]
        document["status"] = status
        if part is not None and resource.status in {UPDATE_PENDING, UPDATE_IN_PROGRESS}:
            resource.document["status"] = UPDATE_IN_PROGRESS if status == IN_PROGRESS else ACTIVE
        document["lastUpdatedDateTime"] = time.time()
        if reason is not None:
            document["failureReason"] = reason
        self._resources.save(resource)
        log("status", kind=resource.kind.name, arn=resource.arn, status=status, reason=reason)
