"""A front door on fakes."""

from __future__ import annotations

import pytest

from tests.fakes.functions.front_door import FrontDoor


@pytest.fixture
def door() -> FrontDoor:
    return FrontDoor()
