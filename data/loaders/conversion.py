"""From a source's fields to events as producers would send them.

What cannot be converted is left as it stands, so that the contract refuses it and it is counted, never dropped.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backend.contract import Refusal, event_id_of, read_event
from data.stream import ACCEPTED, SUPPRESSED, RawEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Fields = dict[str, object]

# 9999-12-31, the last moment that RFC 3339 can write.
_LAST_SECOND = 253_402_300_799


def moment_of_epoch(text: str, per_second: int = 1) -> str:
    """Write a time given in seconds (or in parts of `per_second`) since 1970 as RFC 3339, or leave the text."""
    try:
        seconds = float(text) / per_second
    except ValueError:
        return text
    if not math.isfinite(seconds) or not 0 <= seconds <= _LAST_SECOND:
        return text
    return datetime.fromtimestamp(round(seconds, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of_format(text: str, form: str) -> str:
    """Write a time given in a `strptime` format as RFC 3339, in UTC unless the format holds an offset."""
    try:
        moment = datetime.strptime(text, form)  # noqa: DTZ007 - the next line adds the zone where there is none
    except ValueError:
        return text
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds")


def number_of(text: str) -> float | str:
    """Read a number, or leave the text."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def payload_of(fields: Fields) -> bytes:
    """Write fields as JSON; bytes of the source that were no UTF-8 come out again as they were."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors="surrogateescape")


def raw_events(
    payloads: Iterable[bytes], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[RawEvent]:
    """Give each payload the outcome that the contract has for it.

    A refused event has no time or user that could be relied on; it keeps its place after the event before it.
    """
    arrival_ms = 0
    for payload in payloads:
        verdict = read_event(payload, now=now())
        if isinstance(verdict, Refusal):
            is_json = verdict.reason != "malformed_json"
            yield RawEvent(payload, "", arrival_ms, verdict.reason, "", is_json)
            continue
        arrival_ms = round(verdict.timestamp.timestamp() * 1000)
        outcome = SUPPRESSED if verdict.consent == "denied" else ACCEPTED
        user = verdict.user_id or verdict.session_id or ""
        yield RawEvent(payload, user, arrival_ms, outcome, event_id_of(verdict))


def in_order_of_time(events: Iterable[RawEvent]) -> list[RawEvent]:
    """Sort events by time, those of one moment as they came; this holds all of them in memory."""
    return sorted(events, key=lambda event: event.arrival_ms)
