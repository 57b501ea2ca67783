"""The replay: several connections at once, each sending its users's events in order."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING

from data.replay.batches import batches, body_of
from data.replay.door import Door, DoorClosed, Patience
from data.replay.sent import Sent
from data.replay.verdicts import read_verdicts
from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from data.replay.batches import Batch
    from data.stream import RawEvent, Stream

# Batches that may wait per lane: enough to keep the lane busy, few enough to hold no stream in memory.
_WAITING = 4
_LOOK_AGAIN_SECONDS = 0.2


def replay(
    stream: Stream | Iterable[RawEvent],
    url: str,
    api_key: str,
    *,
    batch_size: int = 100,
    connections: int = 4,
    patience_seconds: float = 120.0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Sent:
    """Send a stream's events through POST /events in order of arrival.

    Requests answered 429 or 5xx, or broken off, are sent again with the same event ids, so the server may be killed
    and started again within the patience and nothing is lost or counted twice.

    Parameters
    ----------
    stream
        The stream, or events of one.
    url, api_key
        The API's base with its stage, and a key for it.
    batch_size
        Most events of one request, 1 to 500.
    connections
        Requests under way at the same time.
    patience_seconds
        How long one request is tried.
    on_progress
        Called with the number of events that got their outcome since the last call; one call at a time.

    Returns
    -------
    Sent
        The books: every event of the stream under exactly one outcome.

    Raises
    ------
    DoorClosed, NotAdmitted
        The door does not answer, or not to this key.
    """
    events = stream if not hasattr(stream, "events") else stream.events
    started = time.monotonic()
    lanes = _Lanes(url, api_key, connections, patience_seconds, on_progress)
    lanes.send(batches(events, size=batch_size, lanes=connections))
    lanes.sent.seconds = time.monotonic() - started
    return lanes.sent


class _Lanes:
    """The connections with their queues and the books they share."""

    def __init__(
        self,
        url: str,
        api_key: str,
        connections: int,
        patience_seconds: float,
        on_progress: Callable[[int], None],
    ) -> None:
        self.sent = Sent()
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._broken = threading.Event()
        self._queues: list[Queue[Batch | None]] = [Queue(_WAITING) for _ in range(connections)]
        admitted = threading.Event()
        self._doors = [
            Door(url, api_key, patience_seconds=patience_seconds, on_retry=self._count_retry, admitted=admitted)
            for _ in self._queues
        ]

    def send(self, made: Iterable[Batch]) -> None:
        """Send all batches; the first error of a lane ends all of them and is raised here."""
        with ThreadPoolExecutor(len(self._queues), thread_name_prefix="lane") as pool:
            running = [pool.submit(self._run, *lane) for lane in zip(self._queues, self._doors, strict=True)]
            try:
                for batch in made:
                    if not self._put(batch.lane, batch):
                        break
                for lane in range(len(self._queues)):
                    self._put(lane, None)
            except BaseException:
                self._broken.set()
                raise
        for lane_result in running:
            lane_result.result()

    def _put(self, lane: int, batch: Batch | None) -> bool:
        while not self._broken.is_set():
            try:
                self._queues[lane].put(batch, timeout=_LOOK_AGAIN_SECONDS)
            except Full:
                continue
            return True
        return False

    def _run(self, queue: Queue[Batch | None], door: Door) -> None:
        try:
            while (batch := self._next(queue)) is not None:
                self._settle(door, batch)
        except BaseException:
            self._broken.set()
            raise
        finally:
            door.close()

    def _next(self, queue: Queue[Batch | None]) -> Batch | None:
        while not self._broken.is_set():
            try:
                return queue.get(timeout=_LOOK_AGAIN_SECONDS)
            except Empty:
                continue
        return None

    def _settle(self, door: Door, batch: Batch) -> None:
        """Send a batch until each of its events has its outcome."""
        payloads = batch.payloads
        patience = Patience(door.patience_seconds)
        while payloads:
            answer = door.post("/events", body_of(payloads, is_json=batch.is_json))
            verdicts = read_verdicts(answer, len(payloads))
            if verdicts.whole and len(payloads) > 1:
                # One of them spoils the others' request: halve until it stands alone.
                middle = len(payloads) // 2
                self._settle(door, batch._replace(payloads=payloads[:middle]))
                self._settle(door, batch._replace(payloads=payloads[middle:]))
                return
            self._book([outcome for outcome in verdicts.outcomes if outcome is not None])
            left = [payload for payload, outcome in zip(payloads, verdicts.outcomes, strict=True) if outcome is None]
            if left:
                if len(left) < len(payloads):
                    patience = Patience(door.patience_seconds)
                if not patience.pause(answer.retry_after_seconds):
                    raise DoorClosed(f"the stream took none of {len(left)} events in {patience.seconds:g} s")
                self._count_retry()
            payloads = left

    def _book(self, outcomes: list[str]) -> None:
        with self._lock:
            sent = self.sent
            sent.requests += 1
            sent.sent += len(outcomes)
            for outcome in outcomes:
                if outcome == ACCEPTED:
                    sent.accepted += 1
                elif outcome == SUPPRESSED:
                    sent.suppressed += 1
                else:
                    sent.refused[outcome] += 1
            self._on_progress(len(outcomes))

    def _count_retry(self) -> None:
        with self._lock:
            self.sent.retries += 1
