"""What each module of operations declares: its operations, and how it resumes what a stop of the engine interrupted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

import msgspec

from model.engine.personalize.arns import Caller
from model.engine.runtime.engine import Engine
from model.engine.storage.control_plane.kinds import AnyInternals, Kind
from model.engine.storage.control_plane.resources import (
    DELETE_IN_PROGRESS,
    DELETE_PENDING,
    Resource,
)

Answer = dict[str, Any] | msgspec.Struct
Handler = Callable[[Engine, Caller, dict[str, Any]], Answer | Awaitable[Answer]]
Operations = Mapping[str, Handler]

DELETING = frozenset({DELETE_PENDING, DELETE_IN_PROGRESS})


@dataclass(frozen=True)
class ResourceKind(Generic[AnyInternals]):
    """How the engine handles the resources of a kind.

    Attributes
    ----------
    resume_creation : callable, optional
        None for a kind without a status, which exists at once.
    resume_deletion : callable, optional
        None for a kind whose resources no operation deletes: they stay, or go together with another resource.
    resume_update : callable, optional
        None for a kind without an update that takes time.
    """

    kind: Kind[AnyInternals]
    operations: Operations
    resume_creation: Callable[[Engine, Resource[AnyInternals]], None] | None
    resume_deletion: Callable[[Engine, Resource[AnyInternals]], None] | None
    resume_update: Callable[[Engine, Resource[AnyInternals]], None] | None = None

    def resume(self, engine: Engine, resource: Resource[AnyInternals]) -> None:
        """Resume a creation, stop, start, update or deletion that was in progress when the engine stopped."""
        if self.resume_update is not None and resource.is_updating:
            self.resume_update(engine, resource)
        elif self.resume_deletion is not None and resource.status in DELETING:
            self.resume_deletion(engine, resource)
        elif self.resume_creation is not None and not resource.settled:
            self.resume_creation(engine, resource)
