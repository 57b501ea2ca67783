"""One delivery of a batch, in halves where it is refused as a whole."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backend.client.transports.interface import RETRY, Answer, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backend.client.transports.interface import Entry, Transport, Verdict


@dataclass(slots=True)
class Delivery:
    """The events of a batch with their verdicts, those without one in no particular order, and the last answer."""

    settled: list[tuple[Entry, Verdict]] = field(default_factory=list)
    unsettled: list[Entry] = field(default_factory=list)
    requests: int = 0
    problem: Problem | None = None
    retry_after: float = 0.0
    clock_offset: float | None = None


def deliver(transport: Transport, batch: Sequence[Entry], seconds: float | None = None) -> Delivery:
    """Send a batch; one that is refused as a whole in halves, until the event that causes it is alone.

    All requests together have so many seconds. Events behind one that must be sent again are not sent before it, so the
    events of a user stay in order.
    """
    delivery = Delivery()
    deadline = None if seconds is None else time.monotonic() + seconds
    parts = [list(batch)]
    while parts:
        part = parts.pop()
        answer = _attempt(transport, part, None if deadline is None else max(0.0, deadline - time.monotonic()))
        delivery.requests += 1
        if answer.clock_offset is not None:
            delivery.clock_offset = answer.clock_offset
        if answer.is_refused_as_a_whole and len(part) > 1:
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
            continue
        for entry, verdict in zip(part, answer.verdicts, strict=True):
            if verdict.status == "retry":
                delivery.unsettled.append(entry)
            else:
                delivery.settled.append((entry, verdict))
        if delivery.unsettled:
            delivery.problem = answer.problem or Problem("events must be sent again, without a reason")
            delivery.retry_after = answer.retry_after
            delivery.unsettled.extend(entry for rest in parts for entry in rest)
            break
    return delivery


def _attempt(transport: Transport, part: Sequence[Entry], seconds: float | None) -> Answer:
    try:
        answer = transport.deliver(part, seconds)
    except Exception as error:  # noqa: BLE001 - a fault of a transport must neither stop the thread nor lose events
        # The error's own text may hold a payload.
        return Answer([RETRY] * len(part), Problem(f"the transport failed with {type(error).__name__}"))
    if len(answer.verdicts) != len(part):
        message = f"the transport returned {len(answer.verdicts)} verdicts for {len(part)} events"
        return Answer([RETRY] * len(part), Problem(message))
    return answer
