"""Generated requests to a laptop's cloud take minutes: `make fuzz` sends them, `make test` leaves them out."""

from __future__ import annotations

import os

IS_REQUESTED = "RIVULET_FUZZ" in os.environ
collect_ignore_glob = [] if IS_REQUESTED else ["test_*.py"]


def pytest_report_header():
    """Say so when these tests are left out."""
    return [] if IS_REQUESTED else ["tests/fuzz: left to `make fuzz`, since they take minutes"]
