"""Converts the fields of a source to events as producers send them.

A value that cannot be converted stays unchanged, so that the contract refuses the event and it is counted, not dropped.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from backend.contract import Refusal, event_id_of, read_event
from data.stream import ACCEPTED, SUPPRESSED, RawEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from data.loaders.files import Row

Fields = dict[str, object]

_RECORD = "event"
"""The field of a refusal of the record itself."""

# 9999-12-31, the latest time that RFC 3339 can express.
_LAST_SECOND = 253_402_300_799


class Payload(NamedTuple):
    """An event's bytes and their origin.

    Attributes
    ----------
    line
        Number of its first line in the source, from 1; 0 where there are several sources.
    rules
        For a field that the contract may refuse, what the source breaks, in words of the source.
    """

    content: bytes
    line: int = 0
    rules: dict[str, str] = {}  # noqa: RUF012 - never changed


def broken_row(row: Row) -> Payload:
    """Return a line that is no row unchanged, to be refused by the rule that it breaks."""
    return Payload(row.content, row.line, {_RECORD: f"row {row.rule}"})


def epoch_to_rfc3339(text: str, per_second: int = 1) -> str:
    """Convert a time in seconds (or units of 1/`per_second` s) since 1970 to RFC 3339; other text stays unchanged."""
    try:
        seconds = float(text) / per_second
    except ValueError:
        return text
    if not math.isfinite(seconds) or not 0 <= seconds <= _LAST_SECOND:
        return text
    return datetime.fromtimestamp(round(seconds, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text_to_rfc3339(text: str, time_format: str) -> str:
    """Convert a time in a `strptime` format to RFC 3339, in UTC unless the format has an offset."""
    try:
        moment = datetime.strptime(text, time_format)  # noqa: DTZ007 - the next line adds the zone where there is none
    except ValueError:
        return text
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds")


def parse_number(text: str) -> float | str:
    """Parse a finite number; other text stays unchanged."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def parse_integer(text: str) -> int | str:
    """Parse a whole number; other text stays unchanged."""
    number = parse_number(text)
    return int(number) if isinstance(number, float) and number.is_integer() else text


def encode_payload(fields: Fields, errors: str = "surrogateescape") -> bytes:
    """Encode fields as JSON; what is not Unicode stays as it is, so that the contract refuses it.

    Parameters
    ----------
    errors
        `surrogateescape` where a surrogate is a byte of the source that is not UTF-8, `strict` where it is an escape of
        half a character.
    """
    try:
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", errors=errors)
    except UnicodeEncodeError:
        return json.dumps(fields, separators=(",", ":")).encode()


def classify_payloads(
    payloads: Iterable[Payload], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[RawEvent]:
    """Yield each payload with its outcome under the contract.

    A refused event has no reliable time or user; it gets the arrival time of the event before it.
    """
    arrival_ms = 0
    for payload in payloads:
        verdict = read_event(payload.content, now=now())
        if isinstance(verdict, Refusal):
            is_json = verdict.reason != "malformed_json"
            rule = _broken_rule(payload, verdict)
            yield RawEvent(payload.content, "", arrival_ms, verdict.reason, "", is_json, line=payload.line, rule=rule)
            continue
        arrival_ms = round(verdict.timestamp.timestamp() * 1000)
        outcome = SUPPRESSED if verdict.consent == "denied" else ACCEPTED
        user = verdict.user_id or verdict.session_id or ""
        yield RawEvent(payload.content, user, arrival_ms, outcome, event_id_of(verdict), line=payload.line)


def _broken_rule(payload: Payload, refusal: Refusal) -> str:
    """Return the first rule that a payload breaks: that of the source where it is the cause, else the contract's."""
    broken = refusal.errors[0]
    if broken.field in payload.rules:
        return payload.rules[broken.field]
    if refusal.reason == "malformed_json" and not _is_utf_8(payload.content):
        return "text must be in UTF-8, or in the encoding of a mapping, such as encoding: latin-1"
    return f"{broken.field} {broken.rule}"


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def sort_by_time(events: Iterable[RawEvent]) -> list[RawEvent]:
    """Sort events by arrival time, stably; all of them are held in memory."""
    return sorted(events, key=lambda event: event.arrival_ms)
