"""The API moves to new versions in two steps, and back where something is wrong."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backend.authorise.handler import handler as authorise
from backend.collect.handler import handler as collect
from backend.train.handler import handler as train
from deployment.aliases import delete_old_versions, moves
from deployment.release.environment import ReleaseError
from deployment.release.rollout import PROBE, rollout

PURPOSES = ("authorise", "collect", "recommend", "train")
TARGETS = {purpose: {"function": purpose, "alias": "live", "version": "2"} for purpose in PURPOSES}


class Versions:
    """Lambda's versions of one function, two a page, of which an alias names some."""

    def __init__(self, last: int, version: str, **weights: float) -> None:
        self.versions = ["$LATEST", *map(str, range(1, last + 1))]
        self.alias = {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}}

    def get_alias(self, **_: str) -> dict[str, Any]:
        return self.alias

    def get_paginator(self, name: str) -> Versions:
        assert name == "list_versions_by_function"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        listed = [{"Version": version} for version in self.versions]
        return [{"Versions": listed[first : first + 2]} for first in range(0, len(listed), 2)]

    def delete_function(self, **request: str) -> None:
        self.versions.remove(request["Qualifier"])


@pytest.mark.parametrize(
    ("versions", "kept"),
    [
        (Versions(11, "11"), ["$LATEST", "9", "10", "11"]),
        (Versions(11, "2"), ["$LATEST", "2", "9", "10", "11"]),
        (Versions(11, "10", **{"4": 0.1}), ["$LATEST", "4", "9", "10", "11"]),
        (Versions(2, "2"), ["$LATEST", "1", "2"]),
    ],
    ids=["many", "moved back", "weight", "few"],
)
def test_old_versions_are_deleted_but_for_the_latest_and_those_of_the_alias(
    versions: Versions, kept: list[str]
) -> None:
    before = len(versions.versions)

    deleted = delete_old_versions(versions, {"collect": TARGETS["collect"]})
    assert versions.versions == kept
    assert len(deleted) == before - len(kept)


class Account:
    """Lambda's aliases and CloudWatch's alarms."""

    def __init__(self, **raised: list[str]) -> None:
        self.aliases: dict[str, tuple[str, dict[str, float]]] = {purpose: ("1", {}) for purpose in PURPOSES}
        self.invoked: list[tuple[str, str]] = []
        self.history: list[tuple[str, str, dict[str, float]]] = []
        self.refuses: str | None = None
        self.answers: dict[str, dict[str, Any]] = {}
        self._raised = iter(raised.get("raised", []))
        self._known: list[str] = []

    def get_alias(self, FunctionName: str, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Name == "live"
        version, weights = self.aliases[FunctionName]
        return {"FunctionVersion": version} | (
            {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
        )

    def invoke(self, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as above
        assert (json.loads(Payload)["httpMethod"], json.loads(Payload)["resource"]) == ("GET", "/health")
        self.invoked.append((FunctionName, Qualifier))
        works: dict[str, Any] = {"policyDocument": {}} if FunctionName == "authorise" else {"statusCode": 404}
        answered = self.answers.get(FunctionName, works)
        failed = {"FunctionError": "Unhandled"} if "errorType" in answered else {}
        return failed | {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answered).encode())}

    def update_alias(self, **request: Any) -> None:
        weights = request["RoutingConfig"]["AdditionalVersionWeights"]
        # https://docs.aws.amazon.com/lambda/latest/api/API_AliasRoutingConfiguration.html: another version, up to 1.0
        assert request["FunctionVersion"] not in weights
        assert all(0 <= weight <= 1 for weight in weights.values())
        if request["FunctionName"] == self.refuses and request["FunctionVersion"] == "1" and not weights:
            raise ClientError({"Error": {"Code": "ResourceConflictException", "Message": "busy"}}, "UpdateAlias")
        self.aliases[request["FunctionName"]] = (request["FunctionVersion"], weights)
        self.history.append((request["FunctionName"], request["FunctionVersion"], weights))

    def get_paginator(self, name: str) -> Account:
        assert name == "describe_alarms"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        assert request == {"AlarmNamePrefix": "rivulet-dev-", "StateValue": "ALARM"}
        alarm = next(self._raised, None)
        self._known += [alarm] if alarm else []
        return [{"MetricAlarms": [{"AlarmName": name} for name in self._known]}]

    def rollout(self, smoke: Any = lambda: None) -> None:
        rollout(self, self, moves(self, TARGETS), "rivulet-dev", smoke, 0, lambda _line: None)


def test_a_tenth_goes_first_and_the_writer_last() -> None:
    account = Account()
    account.rollout()

    order = ["authorise", "recommend", "train", "collect"]
    assert account.history == [(name, "1", {"2": 0.1}) for name in order] + [(name, "2", {}) for name in order]


@pytest.mark.parametrize(
    "answered", [{"errorType": "Runtime.ImportModuleError", "errorMessage": "broken"}, {"statusCode": 500}, {}]
)
def test_a_version_that_does_not_work_gets_no_request(answered: dict[str, Any]) -> None:
    account = Account()
    account.answers["train"] = answered

    with pytest.raises(ReleaseError, match="rolled back: train: version 2 does not work: "):
        account.rollout()
    assert account.invoked == [(name, "2") for name in ("authorise", "recommend", "train")]
    assert {(version, bool(weights)) for _, version, weights in account.history} == {("1", False)}


@pytest.mark.parametrize("handler", [collect, train], ids=["collect", "train"])
def test_a_function_without_the_route_answers_that_it_is_none(handler: Any) -> None:
    assert handler(PROBE, SimpleNamespace(function_name="f"))["statusCode"] == 404


def test_the_authoriser_denies_the_request_without_a_key() -> None:
    assert "policyDocument" in authorise(PROBE, SimpleNamespace(function_name="f"))


def test_every_new_version_is_invoked_by_itself_before_it_gets_requests() -> None:
    account = Account()
    account.rollout()

    assert account.invoked == [(name, "2") for name in ("authorise", "recommend", "train", "collect")]


def test_what_is_at_its_version_is_left_alone() -> None:
    account = Account()
    account.rollout()
    account.history.clear()
    account.rollout()

    assert account.history == []


def test_an_interrupted_rollout_is_resumed() -> None:
    account = Account()
    account.aliases["train"] = ("1", {"2": 0.1})
    account.aliases["collect"] = ("2", {"1": 0.5})

    account.rollout()
    assert {name: version for name, (version, _) in account.aliases.items()} == dict.fromkeys(PURPOSES, "2")


@pytest.mark.parametrize("call", [1, 2])
def test_a_failed_smoke_test_moves_all_back(call: int) -> None:
    account, calls = Account(), []

    def smoke() -> None:
        calls.append(1)
        if len(calls) == call:
            raise ReleaseError("GET /health answered 500")

    with pytest.raises(ReleaseError, match="rolled back: GET /health answered 500"):
        account.rollout(smoke)
    assert set(map(str, account.aliases.values())) == {"('1', {})"}


def test_a_new_alarm_moves_all_back() -> None:
    account = Account(raised=["", "rivulet-dev-collect-errors"])

    with pytest.raises(ReleaseError, match="rolled back: alarms are raised: rivulet-dev-collect-errors"):
        account.rollout()
    assert account.aliases["recommend"] == ("1", {})


def test_an_alarm_from_before_is_ignored() -> None:
    account = Account(raised=["rivulet-dev-api-slow"])
    account.rollout()

    assert account.aliases["collect"] == ("2", {})


def test_the_others_move_back_where_one_cannot() -> None:
    account = Account(raised=["", "rivulet-dev-collect-errors"])
    account.refuses = "train"

    with pytest.raises(ReleaseError, match=r"update-alias: train to version 1 \(.*busy"):
        account.rollout()
    assert account.aliases == dict.fromkeys(PURPOSES, ("1", {})) | {"train": ("1", {"2": 0.1})}


def test_an_interruption_moves_all_back() -> None:
    account = Account()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        account.rollout(interrupt)
    assert account.aliases["recommend"] == ("1", {})
