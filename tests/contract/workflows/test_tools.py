"""Each job of a workflow sets up the programs that its commands run."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from deployment.terraform import PROJECT

# https://github.com/actions/runner-images/blob/main/images/ubuntu/Ubuntu2404-Readme.md: JDK 17 is its default, it has
# no Terraform, and its Node.js changes with the image.
IMAGE = {"java"}
ACTIONS = {"hashicorp/setup-terraform": "terraform", "actions/setup-node": "node"}
PROGRAMS = {*IMAGE, *ACTIONS.values()}
# Commands of deployment.release that read stored objects only.
WITHOUT_TERRAFORM = ("promote", "publication")


def jobs() -> dict[str, list[dict[str, Any]]]:
    """Return the steps of each job, by workflow and job."""
    files = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
    return {
        f"{file.stem} {name}": job["steps"]
        for file in files
        for name, job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].items()
    }


@cache
def needed_by_make(target: str) -> frozenset[str]:
    """Return the programs of a target whose prerequisites are all out of date, as on a new machine."""
    arguments = [argument.strip("'") for argument in target.split(maxsplit=1)]
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", *arguments], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    checked = re.findall(r"deployment/prerequisites\.py(.*)", done.stdout)
    return frozenset(program for arguments in checked for program in arguments.split())


def needed(command: str) -> frozenset[str]:
    """Return the programs that a step's command runs."""
    found = frozenset[str]()
    for target in re.findall(r"^make (.+)$", command, re.MULTILINE):
        found |= needed_by_make(target)
    for name in re.findall(r"deployment\.release[ .](\w+)", command):
        found |= frozenset() if name in WITHOUT_TERRAFORM else {"terraform"}
    return found


@pytest.mark.parametrize("job", jobs())
def test_a_job_has_what_its_commands_run(job: str) -> None:
    has = set(IMAGE)
    for step in jobs()[job]:
        has |= {ACTIONS.get(step.get("uses", "").partition("@")[0], "")} - {""}
        assert needed(step.get("run", "")) <= has, f"{job}: {step['run']}"


def test_the_programs_of_a_target_are_found() -> None:
    assert needed_by_make("test") == PROGRAMS
    assert needed_by_make("package") == {"node"}
    assert needed("build/env/main/bin/python -m deployment.release plan dev") == {"terraform"}


@pytest.mark.parametrize("job", jobs())
def test_a_command_that_changes_an_environment_is_interrupted_with_its_job(job: str) -> None:
    """A cancelled job interrupts the process of the step alone, which is the command only in place of the shell."""
    changing = [
        step["run"] for step in jobs()[job] if re.search(r"release (apply|rollout|destroy) ", step.get("run", ""))
    ]

    assert all(re.match(r"exec \S+python -m deployment\.release \S+ .+$", command) for command in changing)
