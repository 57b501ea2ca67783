"""What no SDK sends: broken requests, and the pages for those who operate the engine."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from model.engine.personalize.limits import BODY_BYTES
from tests.contract.engine.running_engine import REGION, ROOT

TARGET = {"X-Amz-Target": "AmazonPersonalize.ListSchemas", "Content-Type": "application/x-amz-json-1.1"}


def send(engine, method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "name"),
    [
        ("POST", "/", b"{", TARGET, 400, "InvalidInputException"),
        ("POST", "/", b"[]", TARGET, 400, "InvalidInputException"),
        ("POST", "/", b"{}", {}, 400, "InvalidAction"),
        ("POST", "/", b"{}", {"X-Amz-Target": "AmazonPersonalize.PutEvents"}, 400, "InvalidAction"),
        ("POST", "/", b"{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, 400, "InvalidAction"),
        ("POST", "/elsewhere", b"{}", {}, 400, "InvalidAction"),
        ("GET", "/", b"", {}, 400, "InvalidAction"),
        ("POST", "/events", b"x" * (BODY_BYTES + 1), {}, 413, "InvalidInputException"),
        ("POST", "/events", b'{"trackingId": NaN}', {}, 400, "InvalidInputException"),
        ("POST", "/events", b"\xff\xfe", {}, 400, "InvalidInputException"),
        ("POST", "/events", b"[" * 100_000, {}, 400, "InvalidInputException"),
        ("POST", "/", b'{"nextToken":' * 100_000, TARGET, 400, "InvalidInputException"),
        ("POST", "/", b"{}", {**TARGET, "Host": "rebound.example"}, 400, "AccessDeniedException"),
        ("POST", "/events", b"{}", {"Origin": "https://shop.example"}, 403, "AccessDeniedException"),
        ("GET", "/metrics", b"", {"Host": "rebound.example"}, 403, "AccessDeniedException"),
    ],
)
def test_a_broken_request_is_answered_with_a_name(engine, method, path, body, headers, status, name):
    answered, found, text = send(engine, method, path, body, headers)

    assert answered == status
    assert found["x-amzn-errortype"] == json.loads(text)["__type"] == name
    assert json.loads(text)["message"]


def test_a_log_that_nothing_reads_stops_neither_requests_nor_the_end(tmp_path):
    command = [sys.executable, "-m", "model.engine", "--directory", str(tmp_path / "state"), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        process.stdout.close()
        answered, _, text = send(SimpleNamespace(port=port), "POST", "/", b"{}")
        process.terminate()
        _, errors = process.communicate(timeout=60)

    assert (answered, json.loads(text)["__type"]) == (400, "InvalidAction")
    assert (process.returncode, errors) == (0, b"")


def test_health_and_metrics_say_how_the_engine_is(trained_shop):
    trained_shop.runtime.get_recommendations(campaignArn=trained_shop.campaigns["popular"])

    assert json.loads(trained_shop.engine.get("/health")) == {"status": "ok"}
    page = trained_shop.engine.get("/metrics")
    assert 'personalize_requests_total{operation="GetRecommendations",outcome="ok"}' in page
    assert 'personalize_request_seconds_bucket{le="+Inf",operation="GetRecommendations"}' in page
    assert trained_shop.engine.metric('personalize_cache_look_ups_total{cache="schemas",outcome="hit"}') > 0
    assert trained_shop.engine.metric("personalize_requests_in_progress") == 0
    popular = {"account": trained_shop.account, "region": REGION, "campaign": "popular"}
    assert 0 <= trained_shop.engine.metric("personalize_model_age_seconds", **popular) < 3600
    described = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
    sampled = {line.partition("{")[0].partition(" ")[0] for line in page.splitlines() if not line.startswith("#")}
    assert {
        sample.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for sample in sampled
    } <= described
