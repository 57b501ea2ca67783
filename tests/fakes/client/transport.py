"""A transport in memory: plays answers in order, and can be held in the middle of a delivery."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from backend.client.transports.interface import RETRY, Answer, Problem, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backend.client.transports.interface import Entry

ACCEPTED = Verdict("accepted")
REFUSED = Verdict("refused", reason="too_old")
THROTTLED = Problem("throttled")


def accept_all(batch: Sequence[Entry]) -> Answer:
    return Answer([ACCEPTED] * len(batch))


def retry_all(batch: Sequence[Entry]) -> Answer:
    return Answer([RETRY] * len(batch), THROTTLED)


def mixed(*verdicts: Verdict) -> Callable[[Sequence[Entry]], Answer]:
    """Return a function that answers with these verdicts in turn."""

    def answer(batch: Sequence[Entry]) -> Answer:
        given = [verdicts[at % len(verdicts)] for at in range(len(batch))]
        return Answer(given, THROTTLED if RETRY in given else None)

    return answer


def numbers(payloads: Sequence[bytes]) -> list[int]:
    """Return the numbers of events that `numbered_event` made."""
    return [int(msgspec.json.decode(payload)["event_id"].removeprefix("e-")) for payload in payloads]


class FakeTransport:
    """Answers each batch by the next function of `script`, then by `always`.

    Attributes
    ----------
    gate
        Cleared, it holds a delivery until it is set; `entered` is set meanwhile.
    """

    def __init__(self, *script: Callable[[Sequence[Entry]], Answer], batch_events: int = 500) -> None:
        self.script = deque(script)
        self.always: Callable[[Sequence[Entry]], Answer] = accept_all
        self.batch_events, self.batch_bytes = batch_events, 1_000_000
        self.batches: list[list[bytes]] = []
        self.accepted: list[bytes] = []
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()
        self.closed = 0

    def deliver(self, batch: Sequence[Entry], seconds: float | None) -> Answer:
        self.entered.set()
        assert self.gate.wait(20)
        self.batches.append([entry.payload for entry in batch])
        answer = (self.script.popleft() if self.script else self.always)(batch)
        if len(answer.verdicts) == len(batch):
            verdicts = zip(batch, answer.verdicts, strict=True)
            self.accepted += [entry.payload for entry, verdict in verdicts if verdict.status == "accepted"]
        return answer

    def close(self) -> None:
        self.closed += 1
