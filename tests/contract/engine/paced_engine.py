"""The engine at the paces of tests: `python -m tests.contract.engine.paced_engine`, with the engine's options."""

from __future__ import annotations

import sys
from dataclasses import astuple

from model.engine.configuration.settings import PACES, Pace

# Every state lasts long enough to be seen.
SLOW = "slow"
# The pace `real`, a hundred times as fast.
SCALED, TIMES = "scaled", 100.0
TEST_PACES = {SLOW: Pace(0.1, 0.2, 0.2, 12.0), SCALED: Pace(*(seconds / TIMES for seconds in astuple(PACES["real"])))}

if __name__ == "__main__":
    from model.engine.__main__ import main  # it changes the process's environment

    PACES.update(TEST_PACES)
    sys.exit(main())
