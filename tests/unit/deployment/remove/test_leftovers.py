"""What deployment.remove finds after a destroy, and what the command refuses."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from deployment.remove.__main__ import main
from deployment.remove.environment import remove_after_destroy
from deployment.remove.leftovers import Owner
from tests.fakes.faults import denied

DEV = Owner("rivulet", "dev")
TAGS = {"Project": "rivulet", "Environment": "dev"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/{}"


class Pages:
    """A client's paginator over what a function returns."""

    def __init__(self, read: Any) -> None:
        self.read = read

    def paginate(self, **request: Any) -> Any:
        yield from self.read(**request)


class Account:
    """CloudWatch Logs, tags and KMS with what an environment and others have left, two groups a page."""

    def __init__(self, groups: dict[str, dict[str, str]], tagged: list[str]) -> None:
        self.groups, self.tagged = groups, tagged

    def client(self, _service: str) -> Account:
        return self

    def get_paginator(self, operation: str) -> Pages:
        return Pages({"describe_log_groups": self._log_groups, "get_resources": self._resources}[operation])

    def _log_groups(self, logGroupNamePrefix: str) -> Any:  # noqa: N803 - as boto3 names it
        found = [
            {"logGroupName": name, "arn": f"arn:{name}:*"}
            for name in self.groups
            if name.startswith(logGroupNamePrefix)
        ]
        for first in range(0, len(found), 2):
            yield {"logGroups": found[first : first + 2]}

    def _resources(self, TagFilters: Any) -> Any:  # noqa: N803 - as boto3 names it
        assert {each["Key"]: each["Values"][0] for each in TagFilters} == TAGS
        yield {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in self.tagged]}

    def list_tags_for_resource(self, resourceArn: str) -> Any:  # noqa: N803 - as boto3 names it
        tags = self.groups[resourceArn.removeprefix("arn:")]
        if tags.get("Environment") == "production":
            raise denied()
        return {"tags": tags}

    def delete_log_group(self, logGroupName: str) -> None:  # noqa: N803 - as boto3 names it
        del self.groups[logGroupName]

    def describe_key(self, KeyId: str) -> Any:  # noqa: N803 - as boto3 names it
        return {"KeyMetadata": {"KeyState": "PendingDeletion" if "pending" in KeyId else "Enabled"}}


class Bar:
    def show(self, done: Any = None, total: Any = None, note: Any = None) -> None:
        """Ignore the progress."""


def test_only_the_environments_log_groups_are_deleted_and_only_what_should_be_gone_is_left():
    own = [
        "/aws/lambda/rivulet-dev-collect",
        "/aws/lambda/rivulet-dev-forward",
        "/aws/lambda/rivulet-dev-judge",
        "/aws/apigateway/rivulet-dev",
        "/aws/eks/rivulet-dev-engine/cluster",
        "/aws-glue/jobs/rivulet-dev-datasets/role/error",
        "aws-waf-logs-rivulet-dev",
    ]
    others = ["/aws/lambda/rivulet-dev2-collect", "/aws/lambda/rivulet-production-collect", "/aws-glue/jobs/error"]
    groups: dict[str, dict[str, str]] = {name: {} for name in [*own, *others]} | {
        "API-Gateway-Execution-Logs_own/v1": TAGS,
        "API-Gateway-Execution-Logs_untagged/v1": {},
        "API-Gateway-Execution-Logs_other/v1": TAGS | {"Environment": "production"},
    }
    bucket = "arn:aws:s3:::rivulet-dev-123456789012-lake"
    account = Account(groups, [KEY.format("pending"), KEY.format("enabled"), bucket])

    left = remove_after_destroy(DEV, account.client, lambda _title: nullcontext(Bar()))

    assert set(account.groups) == {
        *others,
        "API-Gateway-Execution-Logs_untagged/v1",
        "API-Gateway-Execution-Logs_other/v1",
    }
    assert left == [KEY.format("enabled"), bucket]


def test_nothing_is_removed_from_aws_in_place_of_the_laptop(monkeypatch, capsys):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    assert main(["local", "--yes"]) == 2
    assert "AWS_ENDPOINT_URL is not set" in capsys.readouterr().err


class Deployed:
    """The services of an account with an environment's parameters, and nothing of Personalize."""

    exceptions = SimpleNamespace(ResourceNotFoundException=KeyError, StateMachineDoesNotExist=KeyError)

    def __init__(self, parameters: list[str]) -> None:
        self.parameters = parameters

    def get_caller_identity(self) -> Any:
        return {"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/a/b"}

    def get_parameters(self, Names: list[str]) -> Any:  # noqa: N803 - as boto3 names it
        return {"Parameters": [{"Name": name} for name in Names if name in self.parameters]}

    def delete_parameters(self, Names: list[str]) -> None:  # noqa: N803 - as boto3 names it
        self.parameters = [name for name in self.parameters if name not in Names]

    def get_paginator(self, _operation: str) -> Pages:
        return Pages(lambda **_request: [{"executions": [], "logGroups": [], "Parameters": []}])


@pytest.fixture
def deployed(monkeypatch):
    monkeypatch.delenv("TF_VAR_account_id", raising=False)
    account = Deployed(["/rivulet/dev/filters"])
    monkeypatch.setattr("deployment.remove.__main__.boto3.client", lambda *_arguments, **_options: account)
    return account


def test_nothing_is_removed_without_a_confirmation(deployed, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)

    assert main(["dev"]) == 2
    assert "use --yes" in capsys.readouterr().err
    assert deployed.parameters


@pytest.mark.parametrize("option", ["--dry-run", "--yes"])
def test_the_account_is_named_and_that_there_is_nothing_to_remove(option, deployed, capsys):
    deployed.parameters = []

    assert main(["dev", option]) == 0
    assert capsys.readouterr().out == "rivulet-dev in account 123456789012, eu-central-1: nothing to remove\n"


def test_a_dry_run_lists_what_would_be_removed_and_removes_nothing(deployed, capsys):
    assert main(["dev", "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "rivulet-dev in account 123456789012, eu-central-1:\nparameters:\n    /rivulet/dev/filters\n"
    )
    assert deployed.parameters

    assert main(["dev", "--dry-run", "--campaigns"]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_what_is_found_is_removed(deployed):
    assert main(["dev", "--yes"]) == 0
    assert not deployed.parameters


@pytest.mark.parametrize("option", ["--dry-run", "--yes", "--after-destroy"])
def test_another_account_than_the_environments_is_refused(option, deployed, monkeypatch, capsys):
    monkeypatch.setenv("TF_VAR_account_id", "210987654321")

    assert main(["dev", option]) == 1
    assert "The credentials are of account 123456789012, but dev is in 210987654321" in capsys.readouterr().err
    assert deployed.parameters


def test_an_unknown_environment_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["staging"])
    assert "staging" in capsys.readouterr().err
