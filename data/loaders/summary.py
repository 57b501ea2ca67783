"""Says how many events of a stream the contract accepts, and why it refuses the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from data.stream import RawEvent, Stream


def summarize(stream: Stream) -> list[str]:
    """Return the lines of a summary: accepted, denied, and for each reason of a refusal its first line and rule."""
    counts = stream.expected
    refused = sum(counts.refused.values())
    lines = [f"{stream.name}: {counts.sent:,} events, {counts.accepted:,} accepted, {refused:,} refused"]
    if counts.suppressed:
        lines.append(f"  {counts.suppressed:,} deny consent")
    first = _first_refused(stream) if refused else {}
    for reason, count in counts.refused.most_common():
        line = f"first in line {first[reason].line}: " if first[reason].line else ""
        lines.append(f"  {count:,} {reason}: {line}{first[reason].rule}")
    return lines


def _first_refused(stream: Stream) -> dict[str, RawEvent]:
    """Return the event of each reason that has the lowest line."""
    first: dict[str, RawEvent] = {}
    for event in stream.events:
        if event.outcome in {ACCEPTED, SUPPRESSED}:
            continue
        if event.outcome not in first or event.line < first[event.outcome].line:
            first[event.outcome] = event
    return first
