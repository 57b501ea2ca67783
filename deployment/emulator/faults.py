"""Faults on purpose, so that what retries can be seen to retry. Off unless asked for.

They are asked for by a file ``faults.json`` in the emulator's directory, which is looked at whenever a fault could
happen, so a running emulator can be made to fail and to recover; ``RIVULET_EMULATOR_FAULTS`` names another file. A
missing file asks for none. The file holds one object; every member may be left out::

    {
      "kinesis_failed_record": 7,       every 7th record of PutRecords fails, the others of its call do not
      "kinesis_throttled_call": 3,      every 3rd PutRecord or PutRecords is refused whole
      "kinesis_throttled_read": 5       every 5th GetRecords is refused
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
    """The faults that are asked for at present.

    Parameters
    ----------
    directory
        The emulator's directory.
    """

    def __init__(self, directory: Path) -> None:
        self._path = Path(os.environ.get(FILE_VARIABLE, directory / "faults.json"))
        self._read_at = 0
        self._every: dict[str, int] = {}
        self._seen: Counter[str] = Counter()
        self._counting = threading.Lock()

    def strikes(self, kind: str) -> bool:
        """Count one more chance of a fault, and tell whether it happens.

        Parameters
        ----------
        kind
            A member of the file.

        Raises
        ------
        ValueError
            If the file cannot be understood.
        """
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
        self._every = _understood(self._path) if changed_at else {}
        self._read_at = changed_at
        self._seen.clear()


def _understood(path: Path) -> dict[str, int]:
    asked = json.loads(path.read_text())
    if not isinstance(asked, dict) or not asked.keys() <= KINDS:
        raise ValueError(f"{path} may hold {', '.join(sorted(KINDS))} and nothing else, not {asked!r}")
    wrong = {kind: every for kind, every in asked.items() if not isinstance(every, int) or every < 1}
    if wrong:
        raise ValueError(f"{path} needs whole numbers above zero, not {wrong!r}")
    return asked
