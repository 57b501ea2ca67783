"""The whole pipeline on a cloud of its own: free ports, a new folder, the real Terraform."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from deployment.local.cloud import Cloud, free_ports
from deployment.local.demo.api import Api
from deployment.local.provision import build_archives, provision
from tests.contract.infrastructure.recording import RECORDED_VARIABLE
from tests.end_to_end.pipeline import Pipeline, SilentProgress


@pytest.fixture(scope="package")
def pipeline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cloud").resolve()
    recording = Path(os.environ.get(RECORDED_VARIABLE, folder / "calls.jsonl"))
    cloud = Cloud(folder, *free_ports(2), recording=recording)
    progress = SilentProgress()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        build_archives(progress)
        cloud.start()
        try:
            made = provision(cloud, lambda _title: nullcontext(progress))
            yield Pipeline(cloud, made, Api(made.api_url, made["api_key"]))
        finally:
            cloud.stop()
