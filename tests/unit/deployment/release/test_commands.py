"""Smoke test, drift report, publication and the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import nullcontext
from typing import Any

import pytest

from deployment.release.__main__ import main
from deployment.release.drift import find_drift, report
from deployment.release.environment import Environment, ReleaseError
from deployment.release.publication import PublicationError, bill_of_materials, notes
from deployment.release.publication import main as publish
from deployment.release.smoke import Api, smoke
from deployment.terraform import PROJECT
from tests.unit.deployment.release.account import change, make_environment

READY = {"status": "ready", "dependencies": {"recommender": {"status": "answered"}}}
NEW = {"status": "ready", "dependencies": {"recommender": {"status": "unasked"}}}
ACCEPTED, ITEMS = (202, {"accepted": 1}), (200, {"items": [{"item_id": "a"}], "source": "cache"})


class Answers(Api):
    """An API with given answers by path."""

    def __init__(self, **answers: tuple[int, dict[str, Any]]) -> None:
        super().__init__("http://none", "key")
        self.__dict__["answers"] = {"health": (200, READY), "events": ACCEPTED, "popular": ITEMS} | answers

    def call(self, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        answered: tuple[int, dict[str, Any]] = self.__dict__["answers"][path.strip("/")]
        return answered


def test_an_api_that_works_passes() -> None:
    assert smoke(Answers()) == ["GET /health: ready", "POST /events: accepted", "GET /popular: 1 items from cache"]


def test_a_new_environment_has_no_recommendations_yet() -> None:
    assert "no campaign" in smoke(Answers(health=(200, NEW), popular=(503, {})))[-1]


@pytest.mark.parametrize(
    "answers",
    [
        {"health": (502, {})},
        {"health": (200, READY | {"status": "degraded"})},
        {"events": (403, {})},
        {"events": (202, {"accepted": 0})},
        {"popular": (503, {})},
        {"popular": (200, {"items": []})},
        {"popular": (502, {}), "health": (200, NEW)},
    ],
)
def test_an_api_that_does_not_work_fails(answers: dict[str, Any]) -> None:
    with pytest.raises(ReleaseError, match=r"GET /health|POST /events|GET /popular"):
        smoke(Answers(**answers))


def test_an_api_that_does_not_answer_fails() -> None:
    with pytest.raises(ReleaseError, match="does not answer"):
        smoke(Api("http://127.0.0.1:9", "key"))


def test_a_termination_is_an_interruption(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("deployment.release.__main__.open_environment", lambda _: signal.raise_signal(signal.SIGTERM))

    assert main(["rollout", "dev"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("name", "is_limited"), [("local", True), ("dev", False)])
def test_a_rollout_says_where_no_alarm_could_have_stopped_it(
    name: str, is_limited: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    environment = make_environment(tmp_path / "archives", name, returned={"api_id": "a1", "rollout": {}}, tagged=[])
    module = "deployment.release.__main__"
    monkeypatch.setattr(f"{module}.open_environment", lambda _: environment)
    monkeypatch.setattr(f"{module}._api", lambda *_: nullcontext())
    monkeypatch.setattr(f"{module}.smoke", lambda _api: [])

    assert main(["rollout", name]) == 0
    assert ("the laptop evaluates no alarm" in capsys.readouterr().out) == is_limited


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_a_time_that_is_none_is_refused(seconds: str, capsys: Any) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["rollout", "dev", "--seconds", seconds])
    assert seconds in capsys.readouterr().err


def drifted(address: str, before: Any, after: Any) -> dict[str, Any]:
    return change(address, ["update"], before=before, after=after)


def test_a_change_by_hand_is_reported(tmp_path: Any) -> None:
    shown = {"resource_drift": [drifted("aws_lambda_function.this", {"timeout": 10}, {"timeout": 30})]}
    text = find_drift(make_environment(tmp_path / "archives", shown=shown), tmp_path)

    assert text is not None
    assert "`dev` differs from Terraform's state in 1 resource. Either" in text
    assert "run the workflow deploy" in text
    assert "timeout: 10 → 30" in text


def test_nothing_is_reported_where_nothing_differs(tmp_path: Any) -> None:
    assert find_drift(make_environment(tmp_path / "archives"), tmp_path) is None


def test_a_plan_of_changes_that_no_commit_has_is_marked(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        done = subprocess.run(["git", *identity, *arguments], cwd=tree, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "--quiet")
    (tree / "file").write_text("1")
    git("add", "file")
    git("commit", "--quiet", "--message", "x")
    commit = git("rev-parse", "HEAD")
    environment = make_environment(tmp_path / "archives")
    monkeypatch.setattr("deployment.release.__main__.open_environment", lambda _: environment)
    monkeypatch.setattr("deployment.release.__main__.PROJECT", tree)
    monkeypatch.setattr("deployment.release.__main__.FOLDER", tmp_path / "release")

    assert main(["plan", "dev"]) == 0
    assert f"of commit `{commit}`" in capsys.readouterr().out

    (tree / "file").write_text("2")
    assert main(["plan", "dev"]) == 0
    captured = capsys.readouterr()
    assert f"of commit `{commit}-dirty`" in captured.out
    assert "the working tree has changes that no commit has" in captured.err


@pytest.mark.parametrize("command", ["rollout", "smoke", "drift"])
def test_an_environment_that_is_not_deployed_is_named(
    command: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    empty = make_environment(tmp_path, returned={})
    monkeypatch.setattr("deployment.release.__main__.open_environment", lambda _: empty)

    assert main([command, "dev"]) == 1
    assert capsys.readouterr().err == "dev is not deployed: plan and apply first\n"


def test_drift_of_the_laptop_is_reverted_by_a_plan_since_no_workflow_knows_it() -> None:
    changes = [drifted(f"aws_sqs_queue.{name}", {"delay": 0}, {"delay": 1}) for name in "ab"]

    text = report("local", {"resource_drift": changes}) or ""

    assert "in 2 resources. Either repeat the change in the configuration, or plan and apply it," in text
    assert "workflow" not in text


def test_null_that_became_empty_is_no_drift() -> None:
    before = {"tags": None, "metadata": None}

    assert (
        report("dev", {"resource_drift": [drifted("aws_s3_object.archive", before, {"tags": {}, "metadata": {}})]})
        is None
    )


def test_the_version_that_a_rollout_set_is_no_drift_but_a_weight_is() -> None:
    alias = {"function_version": "1", "routing_config": []}
    assert (
        report("dev", {"resource_drift": [drifted("aws_lambda_alias.this", alias, alias | {"function_version": "2"})]})
        is None
    )
    left = alias | {"routing_config": [{"additional_version_weights": {"2": 0.1}}]}
    assert "routing_config" in (
        report("dev", {"resource_drift": [drifted("aws_lambda_alias.this", alias, left)]}) or ""
    )


CHANGELOG = (
    "# Changelog\n\n## [Unreleased]\n\nnew\n\n## [1.2.0] - 2026-11-30\n\n### Added\n\n- one\n\n## [1.1.0]\n\nold\n"
)


def test_the_notes_are_the_tags_section() -> None:
    assert notes(CHANGELOG, "v1.2.0") == "### Added\n\n- one\n"
    with pytest.raises(PublicationError, match="9"):
        notes(CHANGELOG, "v9.0.0")


def test_the_bill_of_materials_lists_the_lock() -> None:
    lock = (PROJECT / "deployment" / "requirements" / "lambda-collect.txt").read_text(encoding="utf-8")
    bill = bill_of_materials(lock, "1.2.0")

    assert len(bill["components"]) == sum(line[:1].isalnum() for line in lock.splitlines())
    names = {component["name"]: component for component in bill["components"]}
    assert names["msgspec"]["purl"].startswith("pkg:pypi/msgspec@")
    assert all(component["properties"] for component in bill["components"])
    json.dumps(bill)


def test_wrong_usage_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert publish([]) == 2
    assert main(["plan", "staging"]) == 1
    assert "staging is no environment: there are dev, local, production" in capsys.readouterr().err


def test_an_environment_needs_its_account() -> None:
    with pytest.raises(ReleaseError, match="TF_VAR_account_id"):
        _ = Environment("dev", {}).state_bucket
    assert Environment("local", {}).state_bucket == "rivulet-local-000000000000-terraform"


@pytest.mark.parametrize("command", ["release", "remove", "replay", "terraform"])
def test_without_the_environment_the_command_names_it(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", f"deployment.{command}", "--help"],  # -S leaves out every installed package
        cwd=PROJECT,
        env={"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("python -m deployment.… runs in the project's environment: make setup")
    assert len(done.stderr.splitlines()) == 1


def test_help_shows_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(
        f"deployment.release {name} " in shown
        for name in ("plan", "apply", "rollout", "smoke", "drift", "destroy", "promote")
    )
