"""The forwarder's pool with simulated time: the workers run in turn, each at its own moment."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Self

from backend.forward.pool import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.clock import FakeClock


class SimulatedPool:
    """Runs each job at the moment at which a worker is free; the results come in order of time."""

    def __init__(self, clock: FakeClock, workers: int = WORKERS) -> None:
        self._clock = clock
        self._free_at = [clock.now] * workers
        self._done: list[tuple[float, int, Callable[[], None]]] = []
        self._started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def running(self) -> int:
        return len(self._done)

    def start(self, job: Callable[[], Callable[[], None]]) -> None:
        now = self._clock.now
        self._clock.now = max(now, heapq.heappop(self._free_at))
        then = job()
        heapq.heappush(self._free_at, self._clock.now)
        self._started += 1
        heapq.heappush(self._done, (self._clock.now, self._started, then))
        self._clock.now = now

    def finish_one(self) -> None:
        ended, _, then = heapq.heappop(self._done)
        self._clock.now = max(self._clock.now, ended)
        then()
