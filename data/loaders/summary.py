"""Says how many events of a stream the contract accepts, and why it refuses the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.contract import Refusal, read_event
from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from datetime import datetime

    from data.stream import Stream


def summarize(stream: Stream, now: datetime) -> list[str]:
    """Return the lines of a summary: accepted, refused by reason with the rule of the first such event, denied."""
    counts = stream.expected
    refused = sum(counts.refused.values())
    lines = [f"{stream.name}: {counts.sent:,} events, {counts.accepted:,} accepted, {refused:,} refused"]
    if counts.suppressed:
        lines.append(f"  {counts.suppressed:,} deny consent")
    rules = _first_rules(stream, now) if refused else {}
    lines += [f"  {count:,} {reason}: {rules[reason]}" for reason, count in counts.refused.most_common()]
    return lines


def _first_rules(stream: Stream, now: datetime) -> dict[str, str]:
    """Return the field and the rule that the first event of each reason breaks; never its values."""
    rules: dict[str, str] = {}
    for event in stream.events:
        if event.outcome in {ACCEPTED, SUPPRESSED} or event.outcome in rules:
            continue
        verdict = read_event(event.payload, now=now)
        broken = verdict.errors[0] if isinstance(verdict, Refusal) else None
        rules[event.outcome] = f"{broken.field} {broken.rule}".strip() if broken else "was refused"
    return rules
