"""POST /train and GET /train/{id}."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from backend.http import BadRequestError, NotFoundError, Request, ThrottledError, UnavailableError
from backend.train import handler as entry
from backend.train.executions import TrainDependencies
from backend.train.progress import get_train
from backend.train.start import post_train
from tests.factories.lambda_events import proxy_event
from tests.fakes.faults import denied, throttled, timeout
from tests.fakes.functions.states import STARTED, FakeStates

ARN = "arn:aws:states:eu-central-1:000000000000:stateMachine:rivulet-local-train"
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
SAGEMAKER = b'{"trainer": "sagemaker"}'


@pytest.fixture
def states():
    return FakeStates(ARN)


def _request(body=b"", **path):
    return Request("POST", "/train", path, {}, {}, body, "request-1")


def _start(states, body=b"", trainers=("personalize", "sagemaker")):
    answered = post_train(_request(body), TrainDependencies(states, ARN, trainers), NOW)
    return answered["statusCode"], json.loads(answered["body"])


def _ask(states, execution_id):
    answered = get_train(_request(id=execution_id), TrainDependencies(states, ARN, ["personalize"]))
    assert answered["statusCode"] == 200
    return json.loads(answered["body"])


def _ended(states, status, **more):
    states.executions["t-1"] = {
        "name": "t-1",
        "status": status,
        "input": "{}",
        "startDate": STARTED,
        "stopDate": STARTED + timedelta(minutes=3),
        **more,
    }


def _history(states, *events):
    """Set the history: (type, name of the state entered, id of the event before)."""
    states.histories["t-1"] = [
        {"id": number, "type": kind, "previousEventId": before}
        | ({"stateEnteredEventDetails": {"name": name}} if name else {})
        for number, (kind, name, before) in enumerate(events, start=1)
    ]


@pytest.mark.parametrize("body", [b"", b" \n", b"{}"])
def test_a_training_is_started_and_reports_its_progress(states, body):
    status, body = _start(states, body)

    assert status == 202
    assert states.started == [body["id"]]
    assert body["id"].startswith("20260201T120000-")
    assert body["status_url"] == f"/train/{body['id']}"
    assert _ask(states, body["id"]) == {
        "id": body["id"],
        "status": "RUNNING",
        "started": "2026-02-01T12:00:00.000Z",
    }


def test_while_one_is_running_another_is_409_with_its_id(states):
    _, first = _start(states)

    status, body = _start(states)

    assert status == 409
    assert body["id"] == first["id"]
    assert body["status_url"] == f"/train/{first['id']}"
    assert (body["error"]["code"], body["request_id"]) == ("conflict", "request-1")
    assert len(states.started) == 1


def test_of_several_running_trainings_the_first_is_named(states):
    # Given a scheduled training, and another that the state machine is about to abort
    for minutes, name in ((2, "later"), (0, "4b69cbb7-4050-4cf0-a096-4a0307b92a1a"), (1, "between")):
        started = STARTED + timedelta(minutes=minutes)
        states.executions[name] = {"name": name, "status": "RUNNING", "input": "{}", "startDate": started}

    status, body = _start(states)

    assert (status, body["id"]) == (409, "4b69cbb7-4050-4cf0-a096-4a0307b92a1a")


def test_a_token_starts_one_training_however_often_it_is_sent(states):
    # When it is sent twice, and once more after the training has ended
    answers = [_start(states, b'{"client_token": "monday"}') for _ in range(2)]
    states.executions["monday"]["status"] = "SUCCEEDED"
    answers.append(_start(states, b'{"client_token": "monday"}'))

    assert [status for status, _ in answers] == [202, 202, 202]
    assert {body["id"] for _, body in answers} == {"monday"}
    assert states.started == ["monday"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"\xff", "body"),
        (b"[" * 100_000, "body"),
        (b'{"until": "prepared"}', "until"),
        (b'{"client_token": 3}', "client_token"),
        (b'{"client_token": null}', "client_token"),
        (b'{"client_token": ""}', "client_token"),
        (b'{"client_token": "a b"}', "client_token"),
        (b'{"client_token": "-a"}', "client_token"),
        (b'{"client_token": "a\\n"}', "client_token"),
        (json.dumps({"client_token": "x" * 41}).encode(), "client_token"),
        (b'{"trainer": "tensorflow"}', "trainer"),
        (b'{"trainer": ["sagemaker"]}', "trainer"),
        (b'{"trainer": ""}', "trainer"),
        (b'{"trainer": null}', "trainer"),
    ],
)
def test_a_malformed_body_is_400_and_names_the_field(states, body, field):
    with pytest.raises(BadRequestError) as refused:
        _start(states, body)

    assert refused.value.field == field
    assert states.started == []


@pytest.mark.parametrize(
    ("body", "trainer"),
    [(b"", "personalize"), (b'{"trainer": "personalize"}', "personalize"), (SAGEMAKER, "sagemaker")],
)
def test_the_default_trainer_is_personalize(states, body, trainer):
    _, body = _start(states, body)

    assert json.loads(states.executions[body["id"]]["input"]) == {"trainer": trainer}


def test_a_trainer_that_is_not_enabled_is_refused_with_the_remedy(states):
    with pytest.raises(BadRequestError, match="give Terraform the variable sagemaker") as refused:
        _start(states, SAGEMAKER, trainers=["personalize"])

    assert refused.value.field == "trainer"
    assert states.started == []


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
def test_a_token_of_another_trainers_training_is_409(states, status):
    _start(states, b'{"client_token": "monday"}')
    states.executions["monday"]["status"] = status

    code, body = _start(states, b'{"client_token": "monday", "trainer": "sagemaker"}')

    assert (code, body["error"]["field"], body["id"]) == (409, "client_token", "monday")
    assert "must be another for the trainer sagemaker" in body["error"]["rule"]
    assert body["error"]["message"].endswith("names a training by personalize, monday")
    assert states.started == ["monday"]


def test_a_scheduled_training_has_the_default_trainer(states):
    _ended(states, "SUCCEEDED")

    assert _start(states, b'{"client_token": "t-1"}')[0] == 202
    assert _start(states, b'{"client_token": "t-1", "trainer": "sagemaker"}')[0] == 409


def test_the_longest_token_fits_the_names_made_of_it(states):
    # https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html: jobName has at most 63
    _, body = _start(states, json.dumps({"client_token": "x" * 40}).encode())

    assert len(f"interactions-{body['id']}") <= 63


def test_a_training_that_succeeded_reports_its_output(states):
    _ended(states, "SUCCEEDED", output='{"RunId": "t-1", "Imports": [{"Dataset": "items", "Rows": 3}]}')

    assert _ask(states, "t-1") == {
        "id": "t-1",
        "status": "SUCCEEDED",
        "started": "2026-02-01T12:00:00.000Z",
        "stopped": "2026-02-01T12:03:00.000Z",
        "output": {"RunId": "t-1", "Imports": [{"Dataset": "items", "Rows": 3}]},
    }


def test_a_training_that_failed_reports_step_and_cause(states):
    # Given a step inside a Map that failed while another branch went on
    _ended(states, "FAILED", error="ImportFailed", cause="Import interactions-t-1: 3 rows are invalid")
    _history(
        states,
        ("ExecutionStarted", None, 0),
        ("MapStateEntered", "ImportAll", 1),
        ("MapIterationStarted", None, 2),
        ("FailStateEntered", "ImportFailed", 3),
        ("WaitStateEntered", "WaitForImport", 2),
        ("MapIterationFailed", None, 4),
        ("ExecutionFailed", None, 6),
    )

    body = _ask(states, "t-1")

    assert body["step"] == "ImportFailed"
    assert body["cause"] == (
        "The training failed at ImportFailed with ImportFailed: Import interactions-t-1: 3 rows are invalid"
    )


def test_a_cause_in_json_is_reduced_to_its_message(states):
    _ended(states, "FAILED", error="States.TaskFailed", cause='{"JobName": "datasets", "ErrorMessage": "no lake"}')
    _history(states, ("TaskStateEntered", "BuildDataSets", 0), ("TaskFailed", None, 1), ("ExecutionFailed", None, 2))

    assert _ask(states, "t-1")["cause"] == "The training failed at BuildDataSets with States.TaskFailed: no lake"


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("TIMED_OUT", "The training exceeded its timeout; it was at Train."),
        ("ABORTED", "The training was aborted by a user; it was at Train."),
    ],
)
def test_an_aborted_training_reports_its_step(states, status, cause):
    # Given a history whose older events are beyond what is looked at
    _ended(states, status)
    _history(states, ("TaskStateEntered", "Train", 0), ("Other", None, 99))

    assert _ask(states, "t-1")["cause"] == cause


def test_a_training_that_another_one_prevented_names_it(states):
    _ended(states, "ABORTED", error="AnotherTrainingRuns", cause="Training t-0 is running.")

    assert _ask(states, "t-1")["cause"] == "The training was aborted: Training t-0 is running."


def test_a_failure_without_history_or_cause_has_a_cause_all_the_same(states):
    _ended(states, "FAILED")

    assert _ask(states, "t-1")["cause"] == "The training failed with an error without a name: there are no details"


def test_a_running_training_reports_its_step(states):
    _start(states, b'{"client_token": "t-1"}')
    _history(states, ("TaskStateEntered", "BuildDataSets", 0), ("TaskStarted", None, 1))

    assert _ask(states, "t-1")["step"] == "BuildDataSets"


@pytest.mark.parametrize(
    ("execution_id", "error"), [("missing", NotFoundError), ("a:b", BadRequestError), ("x" * 81, BadRequestError)]
)
def test_an_unknown_training_is_refused(states, execution_id, error):
    with pytest.raises(error) as refused:
        _ask(states, execution_id)

    assert refused.value.field == "id"


@pytest.mark.parametrize(
    ("fault", "error"), [(throttled(), ThrottledError), (denied(), UnavailableError), (timeout(), UnavailableError)]
)
@pytest.mark.parametrize("operation", ["list_executions", "start_execution"])
def test_a_state_machine_that_does_not_answer_is_429_or_503(states, operation, fault, error):
    states.faults[operation].always(fault)

    with pytest.raises(error) as refused:
        _start(states)

    assert refused.value.retry_after_seconds


def test_the_handler_routes_both(states, monkeypatch):
    monkeypatch.setattr(entry, "_dependencies", lambda: TrainDependencies(states, ARN, ["personalize"]))

    started = entry.handler(proxy_event("POST", "/train"), None)
    execution_id = json.loads(started["body"])["id"]
    asked = proxy_event("GET", "/train/{id}", pathParameters={"id": execution_id})

    assert started["statusCode"] == 202
    assert json.loads(entry.handler(asked, None)["body"])["status"] == "RUNNING"
