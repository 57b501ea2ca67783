"""How the tests are spread over the processors (`make test` runs one process for each)."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TOGETHER = "end_to_end"  # its files share one cloud


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, since they share what they start; those of the pipeline as well."""
    for item in items:
        place = item.path.relative_to(TESTS)
        item.add_marker(pytest.mark.xdist_group(TOGETHER if place.parts[0] == TOGETHER else str(place)))
