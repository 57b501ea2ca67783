"""Faults on purpose: what those who test against the engine see of them."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.contract.engine.running_engine import RunningEngine
from tests.factories.shop_stream import schema_text


@pytest.fixture(scope="module")
def engine_with_faults(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    running = RunningEngine(folder / "state", "http://127.0.0.1:9", options=("--faults-port", "0"))
    yield running
    running.stop()


@pytest.fixture
def faulty(engine_with_faults):
    yield engine_with_faults
    control(engine_with_faults, "DELETE")


def control(engine, method, path="/faults", document=None, headers=None):
    """Ask the control port, with no header but what HTTP needs."""
    url = f"http://127.0.0.1:{engine.ports['faults_port']}{path}"
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def client(engine, **config):
    return boto3.client(
        "personalize",
        endpoint_url=f"http://127.0.0.1:{engine.port}",
        region_name="eu-west-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="secret",
        config=Config(**config),
    )


def outcome(call):
    try:
        call()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return 200, None


def test_the_nth_call_of_an_operation_fails_and_no_other(faulty):
    control(faulty, "POST", document={"operation": "ListSchemas", "fault": "unavailable", "calls": [2]})
    asked = faulty.client()

    assert [outcome(asked.list_schemas) for _ in range(3)] == [(200, None), (503, "ServiceUnavailable"), (200, None)]
    assert outcome(asked.list_filters) == (200, None)
    [fault] = control(faulty, "GET")[1]["faults"]
    assert (fault["met"], fault["struck"]) == (3, 1)
    assert faulty.metric('personalize_faults_total{fault="unavailable",operation="ListSchemas"}') == 1


@pytest.mark.parametrize(
    ("fault", "control_plane", "runtime"),
    [
        ("throttle", (400, "ThrottlingException"), (429, "ThrottlingException")),
        ("unavailable", (503, "ServiceUnavailable"), (503, "ServiceUnavailable")),
        ("failure", (500, "InternalFailure"), (500, "InternalFailure")),
    ],
)
def test_every_call_fails_the_way_that_was_asked_for(faulty, fault, control_plane, runtime):
    control(faulty, "POST", document={"operation": "*", "fault": fault})

    assert outcome(faulty.client().list_schemas) == control_plane
    asked = faulty.client("personalize-runtime")
    arn = "arn:aws:personalize:eu-west-1:123456789012:campaign/none"
    assert outcome(lambda: asked.get_recommendations(campaignArn=arn)) == runtime


@pytest.mark.honours("ListSchemas", "an SDK that is throttled waits and retries")
def test_an_sdk_that_retries_gets_over_a_throttled_call(faulty):
    control(faulty, "POST", document={"operation": "ListSchemas", "fault": "throttle", "calls": [1]})
    answered = client(faulty, retries={"max_attempts": 3, "mode": "standard"}).list_schemas()

    assert answered["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_delayed_call_is_answered_late(faulty):
    control(faulty, "POST", document={"operation": "ListSchemas", "fault": "delay", "seconds": 2.0})

    with pytest.raises(ReadTimeoutError):
        client(faulty, read_timeout=0.5, retries={"max_attempts": 0}).list_schemas()
    assert outcome(faulty.client().list_schemas) == (200, None)


def test_a_lost_answer_is_of_a_call_that_was_done(faulty):
    control(faulty, "POST", document={"operation": "CreateSchema", "fault": "lost"})
    asked = faulty.client()

    lost = outcome(lambda: asked.create_schema(name="lost", schema=schema_text("Items")))

    assert lost == (500, "InternalFailure")
    assert [schema["name"] for schema in asked.list_schemas()["schemas"]] == ["lost"]


def test_faults_are_cleared_one_by_one_or_all(faulty):
    first = control(faulty, "POST", document={"operation": "ListSchemas", "fault": "throttle"})[1]["id"]
    control(faulty, "POST", document={"operation": "ListFilters", "fault": "throttle"})

    assert control(faulty, "DELETE", f"/faults/{first}")[0] == 200
    assert outcome(faulty.client().list_schemas) == (200, None)
    assert outcome(faulty.client().list_filters)[1] == "ThrottlingException"
    assert control(faulty, "DELETE") == (200, {"faults": []})
    assert outcome(faulty.client().list_filters) == (200, None)


@pytest.mark.parametrize(
    ("method", "path", "document", "headers", "status"),
    [
        ("POST", "/faults", {"operation": "ListSchemas", "fault": "explode"}, {}, 400),
        ("POST", "/faults", {"operation": "ListSchemas"}, {}, 400),
        ("POST", "/faults", {"operation": "*", "fault": "throttle", "calls": [0]}, {}, 400),
        ("POST", "/faults", {"operation": "*", "fault": "throttle", "often": 2}, {}, 400),
        ("DELETE", "/faults/none", None, {}, 404),
        ("GET", "/", None, {}, 404),
        ("POST", "/faults", {"operation": "*", "fault": "throttle"}, {"Origin": "https://shop.example"}, 403),
        ("POST", "/faults", {"operation": "*", "fault": "throttle"}, {"Host": "rebound.example"}, 403),
    ],
)
def test_the_control_port_answers_a_bad_request_with_an_error(faulty, method, path, document, headers, status):
    answered, error = control(faulty, method, path, document, headers)

    assert answered == status
    assert error["message"]
    assert control(faulty, "GET") == (200, {"faults": []})


def test_without_the_option_there_is_no_control_port(engine):
    assert "faults_port" not in engine.ports
    with pytest.raises(urllib.error.HTTPError) as caught:
        engine.get("/faults")
    assert caught.value.code == 400


def test_a_request_in_progress_gets_its_answer_when_the_engine_is_terminated(tmp_path):
    running = RunningEngine(tmp_path / "state", "http://127.0.0.1:9", options=("--faults-port", "0"))
    control(running, "POST", document={"operation": "CreateSchema", "fault": "delay", "seconds": 1.0})
    asked = running.client()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asked.create_schema, name="last", schema=schema_text("Items"))
        time.sleep(0.4)
        running.process.send_signal(signal.SIGTERM)

        assert answer.result()["schemaArn"].endswith("schema/last")
    assert running.process.wait(20) == 0

    running.start()
    assert [schema["name"] for schema in running.client().list_schemas()["schemas"]] == ["last"]
    running.stop()
