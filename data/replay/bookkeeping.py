"""The ledger of a replay: what was sent when, and what the API answered."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from backend.contract import Refusal, event_id_of, read_event
from backend.contract.accounting.ledger import SendingOutcome, ledger_line
from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class _Stated(msgspec.Struct):
    event_id: str | None = None
    event_type: str | None = None


_stated = msgspec.json.Decoder(_Stated).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def open_ledger(path: Path) -> BinaryIO:
    """Open a ledger to append lines, after the last whole one: a command that was killed may have cut its last line."""
    file = path.open("a+b")
    file.seek(0)
    whole = 0
    for line in file:
        if line.endswith(b"\n"):
            whole += len(line)
        elif line.endswith(b"}"):  # only its line end is missing
            file.write(b"\n")
            return file
    file.truncate(whole)
    return file


class Ledger:
    """Writes the lines of several senders to one file; without a file it writes nothing."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._unsettled: dict[bytes, tuple[datetime, datetime]] = {}

    def note(
        self, settled: Sequence[tuple[bytes, str, str | None]], unsettled: Sequence[bytes], sent_at: datetime
    ) -> None:
        """Note the answer to a request: payload, outcome and id of each settled event, and the others' payloads."""
        if self._file is None:
            return
        answered_at = datetime.now(UTC)
        lines = [_line(*event, sent_at, answered_at) for event in settled]
        with self._lock:
            for payload, _, _ in settled:
                self._unsettled.pop(payload, None)
            self._unsettled.update(dict.fromkeys(unsettled, (sent_at, answered_at)))
            self._file.write(b"".join(lines))
            self._file.flush()

    def note_unknown(self, payload: bytes) -> None:
        """Note that an event is not sent again; it may be stored if it was in a request."""
        with self._lock:
            times = self._unsettled.pop(payload, None)
            if times is not None and self._file is not None:
                self._file.write(_unknown(payload, *times))
                self._file.flush()


def _line(payload: bytes, outcome: str, event_id: str | None, sent_at: datetime, answered_at: datetime) -> bytes:
    names: dict[str, SendingOutcome] = {ACCEPTED: "accepted", SUPPRESSED: "suppressed"}
    name = names.get(outcome, "refused")
    stated = _read(payload)
    return ledger_line(
        name,
        sent_at,
        answered_at,
        event_id=event_id or stated.event_id,
        event_type=stated.event_type,
        reason=outcome if name == "refused" else None,
    )


def _unknown(payload: bytes, sent_at: datetime, answered_at: datetime) -> bytes:
    event = read_event(payload, now=sent_at)
    event_id = _read(payload).event_id if isinstance(event, Refusal) else event_id_of(event)
    event_type = None if isinstance(event, Refusal) else event.event_type
    return ledger_line("unknown", sent_at, answered_at, event_id=event_id, event_type=event_type)


def _read(payload: bytes) -> _Stated:
    try:
        return _stated(payload)
    except _UNREADABLE:
        return _Stated()
