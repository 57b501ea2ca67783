"""Calls to the event tracker: users in parallel, the calls of one user in order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from backend.aws.retries import RetriesExhaustedError
from backend.forward.tracker import DeliveryOutcome, TrackerUnknownError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from backend.forward.grouping import Call
    from backend.forward.tracker import Tracker

# Calls wait for the network for tens of milliseconds and compute for less than one, so many threads share a processor.
WORKERS = 16


class Checkpoint:
    """The first Kinesis record of a batch to be redelivered; Kinesis redelivers every record after it too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._position: int | None = None

    @property
    def position(self) -> int | None:
        """Position in the batch; None while nothing is to be redelivered."""
        return self._position

    def hold_back(self, positions: Iterable[int]) -> None:
        """Move the checkpoint so that the records at these positions are redelivered."""
        with self._lock:
            self._position = min((*positions, *(() if self._position is None else (self._position,))), default=None)

    def includes(self, position: int) -> bool:
        """Return whether the record at a position will be redelivered."""
        return self._position is not None and self._position <= position


def deliver(users: Sequence[Sequence[Call]], tracker: Tracker, checkpoint: Checkpoint) -> DeliveryOutcome:
    """Send the events of all users to the tracker.

    Where a call fails with an error that may pass, the rest of that user's events are not sent, so that they stay in
    order. Events that will be redelivered anyway are not sent either, since that would add to the tracker's load.

    Parameters
    ----------
    checkpoint
        Moves to the first record with an unsent event.
    """
    total = DeliveryOutcome()
    if not users:
        return total
    with ThreadPoolExecutor(min(WORKERS, len(users)), thread_name_prefix="put-events") as pool:
        for outcome in pool.map(lambda calls: _deliver_user(calls, tracker, checkpoint), users):
            total.forwarded += outcome.forwarded
            total.refused += outcome.refused
            total.unsent += outcome.unsent
            total.calls += outcome.calls
            total.is_tracker_unknown |= outcome.is_tracker_unknown
    return total


def _deliver_user(calls: Sequence[Call], tracker: Tracker, checkpoint: Checkpoint) -> DeliveryOutcome:
    outcome = DeliveryOutcome()
    for index, call in enumerate(calls):
        if checkpoint.position is not None and checkpoint.includes(min(_positions(calls[index:]))):
            outcome.unsent = [event for later in calls[index:] for event in later]
            break
        try:
            tracker.send(call, outcome)
        except RetriesExhaustedError as error:
            outcome.is_tracker_unknown = isinstance(error, TrackerUnknownError)
            settled = {received.event.event_id for received in outcome.forwarded}
            settled |= {received.event.event_id for received, _ in outcome.refused}
            rest = (received for later in calls[index:] for received in later)
            outcome.unsent = [received for received in rest if received.event.event_id not in settled]
            break
    checkpoint.hold_back(received.position for received in outcome.unsent)
    return outcome


def _positions(calls: Iterable[Call]) -> Iterator[int]:
    return (received.position for call in calls for received in call)
