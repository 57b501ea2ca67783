"""Fixtures for the tests of workflows, jobs and queries: the emulator in front of a fake Personalize."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.emulator import lake
from tests.fakes.emulator.cloud import Cloud, run_once, start_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cloud(tmp_path_factory) -> Iterator[Cloud]:
    """One cloud for all tests here, which keep out of each other's way by their names."""
    running = start_cloud(tmp_path_factory.mktemp("orchestration"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def lake_cloud(cloud):
    """The cloud with a small lake in it."""
    lake.make(cloud)
    return cloud


@pytest.fixture(scope="session")
def run_workflow(cloud):
    """Create a state machine, run it once, and return the finished execution."""
    return lambda name, definition, seconds=30: run_once(cloud, name, definition, seconds)
