"""The security page states what the workflows may write."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

GITHUB = Path(__file__).parents[3] / ".github"


def test_the_page_lists_the_rights_of_every_workflow():
    page = (GITHUB / "SECURITY.md").read_text("utf-8")
    stated = {
        workflow: set(re.findall(r"`([\w-]+)`", rights))
        for workflows, rights in re.findall(r"^  \| (`.+?) \| (.+) \|$", page, re.MULTILINE)
        for workflow in re.findall(r"`([\w-]+)`", workflows)
    }

    assert stated == {file.stem: _written(file) for file in (GITHUB / "workflows").glob("*.yml")}


def _written(file: Path) -> set[str]:
    workflow = yaml.safe_load(file.read_text("utf-8"))
    assert workflow["permissions"] == {}, f"{file.name} grants rights to every job"
    return {
        right
        for job in workflow["jobs"].values()
        for right, level in job.get("permissions", {}).items()
        if level == "write"
    }
