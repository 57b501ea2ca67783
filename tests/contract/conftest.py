"""Fixtures with a running emulator, on a free port and a fresh folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.emulator.process import Emulator, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """A running emulator; the test may kill it and start it again."""
    running = Emulator(tmp_path / "cloud", free_port())
    running.start()
    yield running
    running.close()


@pytest.fixture(scope="module")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A running emulator for the tests of a module that do not disturb each other."""
    running = Emulator(tmp_path_factory.mktemp("emulator") / "cloud", free_port())
    running.start()
    yield running
    running.close()
