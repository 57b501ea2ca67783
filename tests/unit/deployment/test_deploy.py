"""A first deployment forwards no event before the event tracker exists."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest

from deployment.deploy import deploy, main
from deployment.workflow import WorkflowError
from tests.end_to_end.pipeline import SilentProgress

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-dev-train"


class Account:
    """Terraform and Step Functions of an account, in which an execution publishes the tracking id."""

    def __init__(
        self,
        *,
        is_published: bool = False,
        statuses: tuple[str, ...] = ("RUNNING", "SUCCEEDED"),
        error: str = "DatasetGroupFailed",
    ) -> None:
        self.calls: list[str] = []
        self._error = error
        self.is_published = is_published
        self._applied = False
        self._statuses = list(statuses)

    def apply(self, _bar: Any) -> None:
        self.calls.append("apply")
        self._applied = self.is_published

    def outputs(self) -> dict[str, Any]:
        return {"is_prepared": self._applied, "state_machine_arn": MACHINE}

    def stepfunctions(self, region: str) -> Any:
        assert region == "eu-central-1"
        return self

    def start_execution(self, **request: Any) -> dict[str, Any]:
        assert request["stateMachineArn"] == MACHINE
        self.calls.append(f"until {json.loads(request['input'])['until']}")
        return {"executionArn": "arn:execution"}

    def describe_execution(self, **_request: Any) -> dict[str, Any]:
        status = self._statuses.pop(0)
        self.is_published |= status == "SUCCEEDED"
        return {"status": status, "output": "{}", "error": self._error, "cause": "Delete it."}

    def get_execution_history(self, **_request: Any) -> dict[str, Any]:
        return {"events": [{"stateEnteredEventDetails": {"name": "EnsureDatasets"}}]}

    def deploy(self) -> dict[str, Any]:
        step: Any = lambda _title: nullcontext(SilentProgress())  # noqa: E731
        return deploy(self.apply, self.outputs, self.stepfunctions, step, poll_seconds=0)


def test_a_first_deployment_prepares_before_it_forwards():
    account = Account()

    assert account.deploy()["is_prepared"]
    assert account.calls == ["apply", "until prepared", "apply"]


def test_a_later_deployment_is_one_apply_and_ensures_the_event_tracker():
    account = Account(is_published=True)

    assert account.deploy()["is_prepared"]
    assert account.calls == ["apply", "until prepared"]


def test_a_training_that_runs_does_not_fail_a_later_deployment():
    account = Account(is_published=True, statuses=("ABORTED",), error="AnotherTrainingRuns")

    assert account.deploy()["is_prepared"]
    with pytest.raises(WorkflowError, match="AnotherTrainingRuns"):
        Account(statuses=("ABORTED",), error="AnotherTrainingRuns").deploy()


def test_where_preparing_fails_the_mapping_stays_off_and_a_further_deployment_continues():
    account = Account(statuses=("FAILED", "SUCCEEDED"))

    with pytest.raises(WorkflowError, match="DatasetGroupFailed: Delete it"):
        account.deploy()
    assert account.calls == ["apply", "until prepared"]
    account.deploy()
    assert account.calls[2:] == ["apply", "until prepared", "apply"]


def test_the_command_needs_an_environment(capsys):
    assert main(["-auto-approve"]) == 2
    assert "ENVIRONMENT" in capsys.readouterr().err


def test_a_deployment_without_init_names_the_command_with_the_environments_back_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path))

    assert main(["dev"]) == 1
    assert "deployment.terraform init -backend-config=environments/dev.s3.tfbackend" in capsys.readouterr().err
