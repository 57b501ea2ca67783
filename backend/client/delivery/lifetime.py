"""What happens to the clients of a process when it forks and when it exits."""

from __future__ import annotations

import atexit
import os
import time
from typing import Protocol

EXIT_SECONDS = 5.0
"""How long the exit of a process waits for the events of all its clients."""


class Resource(Protocol):
    """What lives as long as its process."""

    def reset(self) -> None:
        """Begin anew in a forked child."""

    def close(self, timeout: float) -> object:
        """Finish within so many seconds."""


_resources: dict[int, Resource] = {}


def register(resource: Resource) -> None:
    """Reset a resource in forked children, and close it at the exit of the process."""
    _resources[id(resource)] = resource


def unregister(resource: Resource) -> None:
    """Forget a resource that is closed."""
    _resources.pop(id(resource), None)


def _after_fork() -> None:
    for resource in list(_resources.values()):
        resource.reset()


def _at_exit() -> None:
    deadline = time.monotonic() + EXIT_SECONDS
    for resource in list(_resources.values()):
        resource.close(max(0.0, deadline - time.monotonic()))


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
