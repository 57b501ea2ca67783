"""Fixtures with a running emulator and the workers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.emulator.process import Emulator, free_port
from tests.fakes.emulator.workers import Laptop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An emulator with workers, for the tests of a module, each of which makes its own streams."""
    yield from _start(tmp_path_factory.mktemp("laptop"))


@pytest.fixture
def own_laptop(tmp_path: Path) -> Iterator[Laptop]:
    """An emulator with workers for one test, which may kill them."""
    yield from _start(tmp_path)


def _start(directory: Path) -> Iterator[Laptop]:
    emulator = Emulator(directory / "cloud", free_port())
    emulator.start()
    laptop = Laptop(emulator, directory)
    laptop.start_workers()
    yield laptop
    laptop.close()
