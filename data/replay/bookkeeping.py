"""The ledger of a replay: what was sent when, and what the API answered."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Self

import msgspec

from backend.contract import Refusal, event_id_of, read_event
from backend.contract.accounting.ledger import SendingOutcome, ledger_line
from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType


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

    def sending(self, payloads: Sequence[bytes]) -> Sending:
        """Return the bookkeeping of one request."""
        return Sending(self, payloads)

    def write(self, lines: Sequence[bytes]) -> None:
        """Write lines at once and pass them to the system."""
        if self._file is not None:
            with self._lock:
                self._file.write(b"".join(lines))
                self._file.flush()

    @property
    def is_kept(self) -> bool:
        """Whether there is a file."""
        return self._file is not None


class Sending:
    """One request: as a context, it notes the events of a request without an answer as unknown."""

    def __init__(self, ledger: Ledger, payloads: Sequence[bytes]) -> None:
        self._ledger, self._payloads = ledger, payloads
        self._sent_at = self._answered_at = datetime.now(UTC)

    def __enter__(self) -> Self:
        """Note the time."""
        self._sent_at = datetime.now(UTC)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Note the time of the answer, or that there is none."""
        self._answered_at = datetime.now(UTC)
        if kind is not None:
            self.note_unknown(self._payloads)

    def note_unknown(self, payloads: Sequence[bytes]) -> None:
        """Note events that are not sent again, although they may not be stored."""
        if self._ledger.is_kept:
            self._ledger.write([self._unknown(payload) for payload in payloads])

    def settle(self, outcomes: Sequence[str | None], event_ids: Sequence[str | None]) -> None:
        """Note the outcome of each event that is not sent again."""
        if self._ledger.is_kept:
            settled = zip(self._payloads, outcomes, event_ids, strict=True)
            self._ledger.write([self._line(*each) for each in settled if each[1] is not None])

    def _line(self, payload: bytes, outcome: str | None, event_id: str | None) -> bytes:
        names: dict[str | None, SendingOutcome] = {ACCEPTED: "accepted", SUPPRESSED: "suppressed"}
        name = names.get(outcome, "refused")
        stated = _read(payload)
        return ledger_line(
            name,
            self._sent_at,
            self._answered_at,
            event_id=event_id or stated.event_id,
            event_type=stated.event_type,
            reason=outcome if name == "refused" else None,
        )

    def _unknown(self, payload: bytes) -> bytes:
        event = read_event(payload, now=self._sent_at)
        event_id = _read(payload).event_id if isinstance(event, Refusal) else event_id_of(event)
        event_type = None if isinstance(event, Refusal) else event.event_type
        return ledger_line("unknown", self._sent_at, self._answered_at, event_id=event_id, event_type=event_type)


def _read(payload: bytes) -> _Stated:
    try:
        return _stated(payload)
    except _UNREADABLE:
        return _Stated()
