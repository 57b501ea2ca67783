"""Training's own client against the laptop's Step Functions."""

from __future__ import annotations

import json

import pytest

from backend.train import handler as entry
from tests.factories.lambda_events import proxy_event
from tests.fakes.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/train"
STATES = {
    "QueryLanguage": "JSONata",
    "StartAt": "Look",
    "States": {
        "Look": {"Type": "Wait", "Seconds": 1, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": [1],
            "ItemProcessor": {
                "StartAt": "Import",
                "States": {
                    "Import": {"Type": "Pass", "Next": "ImportFailed"},
                    "ImportFailed": {"Type": "Fail", "Error": "ImportFailed", "Cause": "3 rows are invalid"},
                },
            },
            "End": True,
        },
    },
}


@pytest.fixture
def handler(shared_emulator, monkeypatch):
    machine = shared_emulator.client("stepfunctions").create_state_machine(
        name="train", definition=json.dumps(STATES), roleArn=ROLE
    )
    environment = {
        "AWS_ENDPOINT_URL": shared_emulator.endpoint,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "STATE_MACHINE_ARN": machine["stateMachineArn"],
        "TRAINERS": "personalize,sagemaker",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    entry._dependencies.cache_clear()
    yield entry.handler
    entry._dependencies.cache_clear()


def _call(handler, method, resource, body=None, **path):
    answered = handler(proxy_event(method, resource, body, pathParameters=path or None), None)
    return answered["statusCode"], json.loads(answered["body"])


def _ended(progress):
    return None if progress["status"] == "RUNNING" else progress


def test_a_training_is_started_once_watched_and_its_failure_reported(handler):
    # When one is started, and again by its token, and another one beside it
    token = '{"client_token": "monday"}'
    status, started = _call(handler, "POST", "/train", token)
    assert (status, started["id"]) == (202, "monday")
    assert _call(handler, "POST", "/train", token)[0] == 202
    status, conflict = _call(handler, "POST", "/train")

    # Then there is one
    assert (status, conflict["id"]) == (409, "monday")
    status, conflict = _call(handler, "POST", "/train", '{"client_token": "monday", "trainer": "sagemaker"}')
    assert (status, conflict["error"]["field"]) == (409, "client_token")
    assert _call(handler, "GET", "/train/{id}", id="monday")[1]["status"] == "RUNNING"

    # When it has ended
    progress = wait_until(lambda: _ended(_call(handler, "GET", "/train/{id}", id="monday")[1]), seconds=30)

    # Then
    assert progress["status"] == "FAILED"
    # AWS's history has the states inside a Map, the emulator's only the Map.
    assert progress["step"] in {"ImportFailed", "Each"}
    assert progress["cause"].endswith("with ImportFailed: 3 rows are invalid")
    assert progress["started"] < progress["stopped"]
    assert _call(handler, "POST", "/train", token)[0] == 202
    assert _call(handler, "GET", "/train/{id}", id="monday")[1]["status"] == "FAILED"


def test_an_unknown_training_is_404(handler):
    assert _call(handler, "GET", "/train/{id}", id="missing")[0] == 404
