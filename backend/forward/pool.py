"""Jobs in parallel, whose results are taken one after another in the thread that started them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable

# Calls wait for the network for tens of milliseconds and compute for less than one, so many threads share a processor.
WORKERS = 16


class Pool(Protocol):
    """Runs jobs."""

    @property
    def running(self) -> int:
        """Number of jobs that were started and not finished."""

    def start(self, job: Callable[[], Callable[[], None]]) -> None:
        """Run a job in parallel; it returns what to do with its result."""

    def finish_one(self) -> None:
        """Wait for a job and do that in this thread; an exception of the job is raised here."""


class ThreadPool:
    """Runs jobs in threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="forward")
        self._done: SimpleQueue[Future[Callable[[], None]]] = SimpleQueue()
        self.running = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def start(self, job: Callable[[], Callable[[], None]]) -> None:
        """Run a job in parallel; it returns what to do with its result."""
        self.running += 1
        self._threads.submit(job).add_done_callback(self._done.put)

    def finish_one(self) -> None:
        """Wait for a job and do that in this thread; an exception of the job is raised here."""
        done = self._done.get()
        self.running -= 1
        done.result()()


def finish_all(pool: Pool) -> None:
    """Wait for every job."""
    while pool.running:
        pool.finish_one()
