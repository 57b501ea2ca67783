"""Terraform against Moto's server takes minutes: `make second-aws` runs these tests, `make test` leaves them out."""

from __future__ import annotations

import os

import pytest

from tests.second_aws.terraform import Outcome, run_both_roots

IS_REQUESTED = "RIVULET_SECOND_AWS" in os.environ
collect_ignore_glob = [] if IS_REQUESTED else ["test_*.py"]

_OUTCOMES = pytest.StashKey[dict[str, Outcome]]()


def pytest_report_header():
    """Say so when these tests are left out."""
    return [] if IS_REQUESTED else ["tests/second_aws: left to `make second-aws`, since they take minutes"]


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    made = run_both_roots(tmp_path_factory.mktemp("second-aws"))
    request.config.stash[_OUTCOMES] = made
    return made


def pytest_terminal_summary(terminalreporter, config):
    """Print the figures of each root."""
    for root, outcome in config.stash.get(_OUTCOMES, {}).items():
        terminalreporter.write_line(
            f"{root}: {outcome.planned} resources planned, {outcome.applied} applied, {len(outcome.failed)} failed; "
            f"{len(outcome.changes)} differences in the second plan; {outcome.destroyed} destroyed, "
            f"{len(outcome.kept)} not"
        )
