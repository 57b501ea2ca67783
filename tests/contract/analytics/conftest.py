"""Fixtures for the tests of the analysts' tables, views and statements: the emulator, without Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.emulator.cloud import start_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.emulator.cloud import Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory) -> Iterator[Cloud]:
    """One cloud for all tests here; each module has a database of its own."""
    running = start_cloud(tmp_path_factory.mktemp("analytics"))
    yield running
    running.close()
