"""Resources through their states, in order, at the pace that was chosen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from model.engine.errors import EngineError
from model.engine.logs import log
from model.engine.resources import ACTIVE, DELETE_IN_PROGRESS, FAILED, IN_PROGRESS, Resource, Resources

if TYPE_CHECKING:
    from model.engine.settings import Pace

Work = Callable[[], Awaitable[None]]


class Lifecycles:
    """Runs one task per resource that is being created, changed or deleted."""

    def __init__(self, resources: Resources, pace: Pace) -> None:
        self._resources = resources
        self._pace = pace
        self._tasks: set[asyncio.Task[None]] = set()

    def create(self, resource: Resource, work: Work | None = None, part: str | None = None) -> None:
        """Take a resource from CREATE PENDING to ACTIVE, or to CREATE FAILED with the reason.

        Parameters
        ----------
        resource : Resource
        work : callable, optional
            What has to be done before it is ACTIVE; an `EngineError` fails the creation, its message is the reason.
        part : str, optional
            The member of the document that has the status, such as latestCampaignUpdate; else the document itself.
        """
        self._start(self._create(resource, work, part))

    def delete(self, resource: Resource, work: Work) -> None:
        """Take a resource from DELETE PENDING to DELETE IN_PROGRESS, then run `work`, which removes it.

        Parameters
        ----------
        resource : Resource
        work : callable
        """
        self._start(self._delete(resource, work))

    async def close(self) -> None:
        """Stop all tasks; what was on its way goes on when the engine is started again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, running: Any) -> None:
        task = asyncio.create_task(running)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _create(self, resource: Resource, work: Work | None, part: str | None) -> None:
        await asyncio.sleep(self._pace.pending_seconds)
        self._set(resource, part, IN_PROGRESS)
        started = time.monotonic()
        try:
            if work is not None:
                await work()
        except EngineError as failure:
            self._set(resource, part, FAILED, str(failure))
            return
        except Exception as error:  # noqa: BLE001 - a resource must not hang in a state for ever
            log("failure", kind=resource.kind, arn=resource.arn, error=type(error).__name__)
            self._set(resource, part, FAILED, "the engine met an internal error; its log has the kind")
            return
        await asyncio.sleep(max(0.0, self._pace.in_progress_seconds - (time.monotonic() - started)))
        self._set(resource, part, ACTIVE)

    async def _delete(self, resource: Resource, work: Work) -> None:
        await asyncio.sleep(self._pace.pending_seconds)
        self._set(resource, None, DELETE_IN_PROGRESS)
        await asyncio.sleep(self._pace.in_progress_seconds)
        await work()
        log("deleted", kind=resource.kind, arn=resource.arn)

    def _set(self, resource: Resource, part: str | None, status: str, reason: str | None = None) -> None:
        document = resource.document if part is None else resource.document[part]
        document["status"] = status
        document["lastUpdatedDateTime"] = time.time()
        if reason is not None:
            document["failureReason"] = reason
        self._resources.save(resource)
        log("status", kind=resource.kind, arn=resource.arn, status=status, reason=reason)
