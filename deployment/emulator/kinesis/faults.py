"""Injects faults into Kinesis, to show that clients retry. Off by default.

The file ``faults.json`` in the emulator's directory configures them. It is checked before each fault could occur, so a
running emulator can be made to fail and to recover; ``RIVULET_EMULATOR_FAULTS`` names another file. Without the file
there are no faults. The file holds one object; every member is optional::

    {
      "kinesis_failed_record": 7,       every 7th record of PutRecords fails, the others of its call do not
      "kinesis_throttled_call": 3,      every 3rd PutRecord or PutRecords fails whole
      "kinesis_throttled_read": 5       every 5th GetRecords fails
    }

All three fail with ``ProvisionedThroughputExceededException``, as a shard over its limit does.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Final

FILE_VARIABLE: Final = "RIVULET_EMULATOR_FAULTS"
KINDS: Final = frozenset({"kinesis_failed_record", "kinesis_throttled_call", "kinesis_throttled_read"})


class Faults:
    """The faults that the file configures at present."""

    def __init__(self, directory: Path) -> None:
        self._path = Path(os.environ.get(FILE_VARIABLE, directory / "faults.json"))
        self._read_at = 0
        self._every: dict[str, int] = {}
        self._seen: Counter[str] = Counter()
        self._counting = threading.Lock()

    def should_fail(self, kind: str) -> bool:
        """Count one more request of a kind, a member of the file, and return whether it has to fail."""
        self._look()
        every = self._every.get(kind)
        if every is None:
            return False
        with self._counting:
            self._seen[kind] += 1
            return self._seen[kind] % every == 0

    def _look(self) -> None:
        try:
            changed_at = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            changed_at = 0
        if changed_at == self._read_at:
            return
        self._every = _parse(self._path) if changed_at else {}
        self._read_at = changed_at
        self._seen.clear()


def _parse(path: Path) -> dict[str, int]:
    faults = json.loads(path.read_text())
    if not isinstance(faults, dict) or not faults.keys() <= KINDS:
        raise ValueError(f"{path} may hold {', '.join(sorted(KINDS))} and nothing else, not {faults!r}")
    invalid = {kind: every for kind, every in faults.items() if not isinstance(every, int) or every < 1}
    if invalid:
        raise ValueError(f"{path} needs whole numbers above zero, not {invalid!r}")
    return faults
