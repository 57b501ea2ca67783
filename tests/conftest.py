"""Settings of all tests: one thread, the environment of the Lambda functions, Hypothesis without deadlines, workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

import model.engine.configuration.one_thread  # noqa: F401 - before any test imports numpy: the matrices are small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

    from tests.end_to_end.pipeline import Pipeline

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Rivulet")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "tests")

# A busy machine exceeds the default of 200 ms per example.
settings.register_profile("rivulet", deadline=None)
settings.load_profile("rivulet")

# Folders whose files share what takes long to make: plans of Terraform, a Spark session.
ON_ONE_WORKER = (
    "tests/contract/infrastructure/",
    "tests/contract/watch/",
    "tests/integration/curated/",
    "tests/integration/datasets/",
)


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The whole pipeline on a cloud of its own, which the end-to-end tests and those in a browser share."""
    from tests.end_to_end.pipeline import provisioned_pipeline  # noqa: PLC0415 - no other test needs it

    with provisioned_pipeline(tmp_path_factory.mktemp("cloud").resolve()) as provisioned:
        yield provisioned


class _Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives the tests of a file, or of one of the folders above, to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in ON_ONE_WORKER if nodeid.startswith(folder)), super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling:
    """Replace the division of tests among workers."""
    return _Scheduling(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """Return half as many workers again as processors, since tests wait for processes and pauses."""
    return 3 * (os.cpu_count() or 2) // 2
