"""Lighthouse takes minutes: `make lighthouse` runs it, `make test` leaves it out."""

from __future__ import annotations

import os

import pytest

from tests.lighthouse.scores import Rating

IS_REQUESTED = "RIVULET_LIGHTHOUSE" in os.environ
collect_ignore_glob = [] if IS_REQUESTED else ["test_*.py"]

RATINGS = pytest.StashKey[list[Rating]]()


def pytest_report_header():
    """Say so when these tests are left out."""
    return [] if IS_REQUESTED else ["tests/lighthouse: left to `make lighthouse`, since it takes minutes"]


@pytest.fixture
def ratings(request: pytest.FixtureRequest) -> list[Rating]:
    """The ratings, which are printed at the end."""
    return request.config.stash.setdefault(RATINGS, [])


def pytest_terminal_summary(terminalreporter, config):
    """Print a line for each rating."""
    for rating in config.stash.get(RATINGS, []):
        terminalreporter.write_line(str(rating))
