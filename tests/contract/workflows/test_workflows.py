"""The workflows in a local runner, with every action and command replaced by one that records its call.

The runner, `act`, runs steps on this machine without containers. It knows outputs, conditions and the order of jobs,
but neither permissions, concurrency nor the environments' subjects: `tests/contract/infrastructure/test_trust.py`
reads those from the files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deployment.terraform import PROJECT

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNTS = ("AWS_ACCOUNT_DEV=123456789012", "AWS_ACCOUNT_PRODUCTION=210987654321")

USES = re.compile(r"uses: (\S+@[0-9a-f]{40}) #")

ACTION = """
name: stub
description: Records its name
runs:
  using: composite
  steps:
    - run: |
        echo "uses ${{ github.action_repository }}" >> "${LOG}"
        if [[ "${{ github.action_repository }}" == actions/checkout ]]; then cp -r "${SOURCE}/." .; fi
      shell: bash
"""

# The commands print what the real ones leave to later steps; FAIL is a part of the call that fails.
COMMAND = """#!/bin/sh
case "${0##*/} $*" in "gh auth token") exit 1;; esac
echo "${0##*/} $*" >> "${LOG}"
case "$*" in
  *"issue list"*) echo "${ISSUE}";;
  *"release plan "*)
    echo "sha256=digest-of-$4" >> "${GITHUB_OUTPUT}"
    mkdir -p build/release
    echo a plan > "build/release/$4.md";;
  *"release drift"*) echo "drifted=${DRIFTED_NOW}" >> "${GITHUB_OUTPUT}";;
esac
case "$*" in *"${FAIL:-nothing fails}"*) exit 1;; esac
"""


@dataclass(frozen=True)
class Runner:
    """A copy of the workflows, with stubs."""

    folder: Path

    def run(
        self,
        event: str,
        workflow: str,
        payload: dict[str, Any] | None = None,
        settings: Sequence[str] = (),
        accounts: int = 2,
        **variables: str,
    ) -> tuple[int, list[str]]:
        """Run a workflow for an event and return the exit status and the recorded calls.

        Parameters
        ----------
        settings
            Variables of the repository, as name=value.
        accounts
            How many environments have an account among the variables: none, dev, or dev and production.
        **variables
            Environment variables of the steps.
        """
        log, given = self.folder / "log", self.folder / "event.json"
        log.write_text("", encoding="utf-8")
        given.write_text(json.dumps(payload or {}), encoding="utf-8")
        stubs = [
            f"--local-repository={path.name.replace('--', '/')}={path}" for path in (self.folder / "actions").iterdir()
        ]
        variables = {
            "LOG": str(log),
            "SOURCE": str(self.folder / "repository"),
            "ISSUE": "",
            "DRIFTED_NOW": "false",
        } | variables
        done = subprocess.run(
            [
                *(str(Path(sys.executable).parent / "act"), event, "--workflows", f".github/workflows/{workflow}.yml"),
                *("--platform", "ubuntu-24.04=-self-hosted", "--eventpath", str(given), *stubs),
                *("--no-cache-server", "--artifact-server-addr", "127.0.0.1", "--action-offline-mode"),
                *(argument for setting in (*ACCOUNTS[:accounts], *settings) for argument in ("--var", setting)),
                *(argument for name, value in variables.items() for argument in ("--env", f"{name}={value}")),
            ],
            cwd=self.folder / "repository",
            env=os.environ
            | {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "LOG": str(log)}
            | {"XDG_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, log.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    folder = tmp_path_factory.mktemp("workflows")
    repository = folder / "repository"
    shutil.copytree(PROJECT / ".github" / "workflows", repository / ".github" / "workflows")
    (repository / "deployment" / "release").mkdir(parents=True)
    shutil.copy(PROJECT / "deployment" / "release" / "issue.sh", repository / "deployment" / "release")
    for command in (
        *(folder / "bin" / name for name in ("make", "gh", "git")),
        repository / "build/env/main/bin/python",
    ):
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text(COMMAND, encoding="utf-8")
        command.chmod(0o755)
    for file in (repository / ".github" / "workflows").iterdir():
        for used in USES.findall(file.read_text(encoding="utf-8")):
            stub = folder / "actions" / used.replace("/", "--")
            stub.mkdir(parents=True, exist_ok=True)
            (stub / "action.yml").write_text(ACTION, encoding="utf-8")
    for tree in (repository, *(folder / "actions").iterdir()):
        for arguments in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "--force", "."],
            ["commit", "--quiet", "-m", "x"],
        ):
            identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
            subprocess.run(["git", *identity, *arguments], cwd=tree, check=True)
    return Runner(folder)


def commands(calls: list[str]) -> list[str]:
    """Return the calls of this project's commands and of gh, without the commit, which differs."""
    ours = ("python -m deployment.release", "python -m deployment.pages", "gh", "make package")
    own = [call for call in calls if call.startswith(ours)]
    return [re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", call).removeprefix("python -m deployment.release ") for call in own]


DEV = [
    "make package build/pages/.ready",
    "plan dev --commit COMMIT",
    "apply dev digest-of-dev --commit COMMIT",
    "rollout dev",
    "python -m deployment.pages dev",
]
PRODUCTION = [
    "promote dev --commit COMMIT",
    "plan production --commit COMMIT",
    "apply production digest-of-production --commit COMMIT",
    "rollout production",
    "python -m deployment.pages production",
]


def test_a_push_to_main_is_built_once_and_goes_from_dev_to_production(runner: Runner) -> None:
    status, calls = runner.run("push", "deploy", {"ref": "refs/heads/main"})

    assert status == 0
    assert commands(calls) == DEV + PRODUCTION
    assert calls.count("uses aws-actions/configure-aws-credentials") == 5


@pytest.mark.parametrize(("accounts", "expected"), [(1, DEV), (0, [])])
def test_an_environment_without_an_account_is_left_out(runner: Runner, accounts: int, expected: list[str]) -> None:
    status, calls = runner.run("push", "deploy", {"ref": "refs/heads/main"}, accounts=accounts)

    assert status == 0
    assert commands(calls) == expected
    status, calls = runner.run("schedule", "drift", accounts=accounts)

    assert status == 0
    assert [call for call in commands(calls) if call.startswith("drift")] == ["drift dev"][:accounts]


@pytest.mark.parametrize(
    ("failing", "last"), [("merge-base", 0), ("plan dev", 2), ("apply dev", 3), ("rollout dev", 4), ("promote", 6)]
)
def test_a_failed_step_stops_the_deployment(runner: Runner, failing: str, last: int) -> None:
    status, calls = runner.run("push", "deploy", {"ref": "refs/heads/main"}, FAIL=failing)

    assert status != 0
    assert commands(calls) == (DEV + PRODUCTION)[:last]


def test_an_earlier_commit_is_deployed_by_hand(runner: Runner) -> None:
    status, calls = runner.run("workflow_dispatch", "deploy", {"inputs": {"commit": "0" * 40}})

    assert status == 0
    assert f"git merge-base --is-ancestor {'0' * 40} origin/main" in calls
    assert f"python -m deployment.release plan dev --commit {'0' * 40}" in calls


@pytest.mark.parametrize("origin", ["owner/rivulet", "other/rivulet"], ids=["own branch", "fork"])
def test_a_pull_request_gets_a_comment_but_not_that_of_a_fork(runner: Runner, origin: str) -> None:
    head = {"repo": {"full_name": origin}, "sha": "1" * 40, "ref": "change"}
    base = {"repo": {"full_name": "owner/rivulet"}, "ref": "main"}
    payload = {
        "pull_request": {"number": 7, "head": head, "base": base},
        "repository": {"full_name": "owner/rivulet", "name": "rivulet", "owner": {"login": "owner"}},
    }
    status, calls = runner.run("pull_request", "plan", payload, GITHUB_REPOSITORY="owner/rivulet")

    comment = "gh pr comment 7 --body-file build/release/dev.md --edit-last --create-if-none"
    assert status == 0
    assert commands(calls) == (["make package", "plan dev --preview", comment] if origin == "owner/rivulet" else [])


@pytest.mark.parametrize(
    ("drifted", "issue", "action"),
    [("true", "", "create"), ("true", "5", "edit"), ("false", "5", "close"), ("false", "", None)],
)
def test_one_issue_is_opened_updated_and_closed(runner: Runner, drifted: str, issue: str, action: str | None) -> None:
    status, calls = runner.run("schedule", "drift", DRIFTED_NOW=drifted, ISSUE=issue)

    assert status == 0
    changed = [call for call in calls if re.match(r"gh issue (create|edit|close)", call)]
    assert [call.split()[2] for call in changed] == ([action] * 2 if action else [])  # of dev and of production
    assert sorted(call for call in commands(calls) if call.startswith("drift")) == ["drift dev", "drift production"]


@pytest.mark.parametrize(
    ("environment", "typed", "expected"),
    [("dev", "dev", ["destroy dev --confirm dev"]), ("production", "dev", []), ("dev", "", [])],
)
def test_an_environment_is_destroyed_only_after_its_name_was_typed(
    runner: Runner, environment: str, typed: str, expected: list[str]
) -> None:
    inputs = {"inputs": {"environment": environment, "confirmation": typed}}
    status, calls = runner.run("workflow_dispatch", "destroy", inputs)

    assert (status == 0) is bool(expected)
    assert [call for call in commands(calls) if call.startswith("destroy")] == expected


@pytest.mark.parametrize(("setting", "expected"), [("remove", 1), ("", 0)])
def test_devs_campaigns_are_removed_at_night_only_where_it_is_set(runner: Runner, setting: str, expected: int) -> None:
    status, calls = runner.run("schedule", "night", settings=[f"CAMPAIGNS_AT_NIGHT={setting}"])

    assert status == 0
    assert calls.count("python -m deployment.remove dev --campaigns --yes") == expected


def test_a_tag_is_published_with_provenance(runner: Runner) -> None:
    status, calls = runner.run("push", "release", {"ref": "refs/tags/v1.2.0"})

    assert status == 0
    assert [call.split()[0] for call in calls if call.startswith(("gh", "uses actions/attest"))] == ["uses", "gh"]
    assert any("--notes-file build/publication/notes.md" in call for call in calls)


def test_security_runs_every_scan(runner: Runner) -> None:
    status, calls = runner.run("schedule", "security")

    assert status == 0
    scans = sorted(call for call in calls if call.startswith("make"))
    assert scans == ["make audit", "make check ONLY=policies workflows containers", "make secrets"]
