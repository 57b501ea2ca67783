"""A deployment and its removal take minutes: `make rehearsal` runs these tests, `make test` leaves them out."""

from __future__ import annotations

import os

import pytest

from deployment.local.cloud import free_ports
from tests.rehearsal.project import Rehearsal

IS_REQUESTED = "RIVULET_REHEARSAL" in os.environ
collect_ignore_glob = [] if IS_REQUESTED else ["test_*.py"]


def pytest_report_header():
    """Say so when these tests are left out."""
    return [] if IS_REQUESTED else ["tests/rehearsal: left to `make rehearsal`, since they take minutes"]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    stage = Rehearsal(tmp_path_factory.mktemp("rehearsal").resolve(), *free_ports(3))
    stage.copy()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stage.cloud.environment.items():
            patch.setenv(name, value)
        try:
            yield stage
        finally:
            stage.run("deployment.local down")
