"""Many users's calls at once, each user's one after another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from backend.forward.patience import GaveUp
from backend.forward.tracker import Handed, TrackerUnknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from backend.forward.grouping import Call
    from backend.forward.tracker import Tracker

# Calls wait for the network for tens of milliseconds and compute for less than one, so many threads share a processor.
WORKERS = 16


class Checkpoint:
    """The first Kinesis record that must come again, as far as is known; every record after it comes again too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._position: int | None = None

    @property
    def position(self) -> int | None:
        """Place in the batch, None while nothing has to come again."""
        return self._position

    def hold_back(self, positions: Iterable[int]) -> None:
        """Note records that must come again."""
        with self._lock:
            self._position = min((*positions, *(() if self._position is None else (self._position,))), default=None)

    def is_before(self, position: int) -> bool:
        """Whether a record comes again anyway."""
        return self._position is not None and self._position <= position


def deliver(users: Sequence[Sequence[Call]], tracker: Tracker, checkpoint: Checkpoint) -> Handed:
    """Hand everybody's events over.

    Where a call fails in a way that may pass, the rest of that user's events are left, so that none overtakes
    another; and so is what comes again anyway, since sending it now would only add to the load that caused the failure.

    Parameters
    ----------
    users
        Calls by user.
    tracker
        Where to.
    checkpoint
        Moves to the first record of which an event was left.

    Returns
    -------
    Handed
        What became of every event.
    """
    whole = Handed()
    if not users:
        return whole
    with ThreadPoolExecutor(min(WORKERS, len(users)), thread_name_prefix="put-events") as pool:
        for handed in pool.map(lambda calls: _deliver_to_one(calls, tracker, checkpoint), users):
            whole.forwarded += handed.forwarded
            whole.refused += handed.refused
            whole.left += handed.left
            whole.calls += handed.calls
            whole.tracker_unknown |= handed.tracker_unknown
    return whole


def _deliver_to_one(calls: Sequence[Call], tracker: Tracker, checkpoint: Checkpoint) -> Handed:
    handed = Handed()
    for index, call in enumerate(calls):
        if checkpoint.position is not None and checkpoint.is_before(min(_positions(calls[index:]))):
            handed.left = [arrival for later in calls[index:] for arrival in later]
            break
        try:
            tracker.hand_over(call, handed)
        except GaveUp as error:
            handed.tracker_unknown = isinstance(error, TrackerUnknown)
            settled = {arrival.event.event_id for arrival in handed.forwarded}
            settled |= {arrival.event.event_id for arrival, _ in handed.refused}
            rest = (arrival for later in calls[index:] for arrival in later)
            handed.left = [arrival for arrival in rest if arrival.event.event_id not in settled]
            break
    checkpoint.hold_back(arrival.position for arrival in handed.left)
    return handed


def _positions(calls: Iterable[Call]) -> Iterator[int]:
    return (arrival.position for call in calls for arrival in call)
