"""A ledger is read as it was written, and a line that is none is named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.contract.accounting.ledger import LedgerEntry, LedgerError, ledger_line, read_ledger
from tests.factories.records import NOW

LINE = ledger_line("accepted", NOW, NOW + timedelta(milliseconds=150), event_id="e-1", event_type="View")


def test_an_entry_is_read_as_it_was_written():
    assert list(read_ledger([LINE])) == [
        LedgerEntry("2026-02-01T00:00:00.000Z", "2026-02-01T00:00:00.150Z", "accepted", "e-1", "View")
    ]


def test_the_last_line_of_a_producer_that_was_killed_may_be_cut():
    assert len(list(read_ledger([LINE, LINE[:40]]))) == 1


@pytest.mark.parametrize(
    "lines",
    [
        [b"{}\n", LINE],
        [LINE[:40], LINE],
        [LINE.replace(b"accepted", b"stored")],
        [LINE.replace(b"accepted", b"stored").rstrip()],
        [LINE.replace(b"00.150Z", b"60.150Z")],
        [LINE.replace(b"2026-02-01T00:00:00.150Z", b"yesterday")],
        [LINE.replace(b"2026", b"0001")],
        [LINE.replace(b"2026", b"9999")],
        [b'{"lines": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", LINE],
    ],
    ids=lambda lines: repr(lines[0][:60]),
)
def test_any_other_line_that_is_no_entry_is_an_error(lines):
    with pytest.raises(LedgerError, match="line 1 "):
        list(read_ledger(lines))
