"""The check's rendering of kustomizations equals that of kubectl."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import yaml

from deployment.check.kubernetes import MANIFESTS
from deployment.check.kustomize import render


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("name", ["base", "example"])
def test_the_rendered_manifests_are_those_of_kubectl(name: str) -> None:
    output = subprocess.run(["kubectl", "kustomize", MANIFESTS / name], capture_output=True, check=True).stdout

    def identity(manifest):
        return manifest["kind"], manifest["metadata"]["name"]

    expected = [manifest for manifest in yaml.safe_load_all(output) if manifest]
    assert sorted(render(MANIFESTS / name), key=identity) == sorted(expected, key=identity)
