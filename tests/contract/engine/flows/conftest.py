"""The engine of the flows: at the pace compressed, or at those of the environment variable FLOW_PACES.

`FLOW_PACES=scaled,real python -m pytest --timeout 0 tests/contract/engine/flows` also runs them at the pace of the real
service, a hundred times as fast, and as it is, which takes more than an hour.
"""

from __future__ import annotations

import os

import pytest

from tests.contract.engine.running_engine import RunningEngine


@pytest.fixture(scope="session", params=os.environ.get("FLOW_PACES", "compressed").split(","))
def flow_engine(request, tmp_path_factory, s3):
    running = RunningEngine(tmp_path_factory.mktemp("flows") / "state", s3.url, pace=request.param)
    yield running
    running.stop()
