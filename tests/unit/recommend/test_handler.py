"""The Lambda entry: routes, statuses and the metrics of an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from backend.contract import generate
from backend.recommend import handler as entry
from backend.recommend.calls import REQUEST_SECONDS
from backend.recommend.served_lists import ServedLists
from tests.factories.lambda_events import proxy_event
from tests.fakes.functions.serving import Serving

DOCUMENT = json.loads((Path(generate.ROOT) / "backend/contract/generated/openapi.json").read_text())


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Serving:
    serving = Serving()
    monkeypatch.setattr(entry, "_dependencies", lambda: serving.dependencies)
    return serving


def ask(method: str, resource: str, **changes: Any) -> tuple[int, dict[str, Any]]:
    answered = entry.handler(proxy_event(method, resource, **changes), None)
    return answered["statusCode"], json.loads(answered["body"])


def test_every_route_answers(serving):
    assert ask("GET", "/recommendations/{user_id}", pathParameters={"user_id": "ann"})[0] == 200
    assert ask("GET", "/similar-items/{item_id}", pathParameters={"item_id": "item%2D7"})[1]["item_id"] == "item-7"
    assert ask("GET", "/popular", multiValueQueryStringParameters={"num_results": ["2"]})[1]["source"] == "recommender"
    assert ask("POST", "/rerank", body='{"user_id":"ann","items":["item-2","item-1"]}')[0] == 200
    assert ask("POST", "/recommendations", body='{"facts":{"country":"DE"}}')[1]["source"] == "popular"
    assert ask("GET", "/health")[1]["status"] == "ready"


@pytest.mark.parametrize("columns", [{}, {"EXPLANATION": '[{"name": "item:a", "weight": 1}]'}])
def test_all_that_an_explained_answer_has_is_described(serving, columns):
    serving.runtime.columns = columns
    serving.runtime.reasons = ["Popular item"]
    query = {"explain": ["true"]}
    body = ask(
        "GET", "/recommendations/{user_id}", pathParameters={"user_id": "ann"}, multiValueQueryStringParameters=query
    )[1]
    described = DOCUMENT["components"]["schemas"]["Recommendations"]
    jsonschema.Draft202012Validator(described).validate(body)
    assert body.keys() <= described["properties"].keys()
    assert body["items"][0].keys() <= described["properties"]["items"]["items"]["properties"].keys()
    assert ("unexplained" in body) == (not columns)


def test_errors_are_answered_with_field_and_rule(serving):
    status, body = ask("GET", "/recommendations/{user_id}", pathParameters={"user_id": "unknown"})
    assert (status, body["error"]["field"], body["request_id"]) == (404, "user_id", "request-1")
    status, body = ask("GET", "/popular", multiValueQueryStringParameters={"num_results": ["many"]})
    assert (status, body["error"]["field"]) == (400, "num_results")


def test_metrics_count_answers_by_their_source_and_no_errors(serving, capsys):
    ask("GET", "/popular")
    serving.break_recommender()
    ask("GET", "/similar-items/{item_id}", pathParameters={"item_id": "item-7"})
    ask("GET", "/recommendations/{user_id}", pathParameters={"user_id": "a%00b"})
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    sources = [{name for name in line if name.startswith("answered_from_")} for line in written]
    assert sources == [{"answered_from_recommender"}, {"answered_from_popular"}]


def test_every_source_is_tried_within_the_time_budget(monkeypatch):
    for name in ("HISTORY_TABLE", "ENTITIES_TABLE", "ANSWERS_TABLE"):
        monkeypatch.setenv(name, "table")
    for name in ("USER_PERSONALIZATION", "SIMILAR_ITEMS", "POPULAR", "RANKING"):
        monkeypatch.setenv(f"{name}_CAMPAIGN_ARN", "campaign")
    monkeypatch.setenv("DEPLOYED_CAMPAIGNS", "campaign")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("FILTERS_PARAMETER", "/filters")
    monkeypatch.setenv("SERVED_LISTS_STREAM", "served-lists")
    monkeypatch.setenv("DATASETS_BUCKET", "datasets")
    monkeypatch.setenv("MODELS", "{}")
    monkeypatch.setattr(ServedLists, "open_connection", lambda _: None)
    clients = entry._dependencies.__wrapped__()

    def longest(client: Any) -> float:
        config = client.meta.config
        return float(config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout))

    assert clients.deployed == {"campaign"}
    # The filters, look-up and recommender, then popular items, as the deadline of the request allows.
    assert longest(clients.dynamodb) + longest(clients.runtime) <= REQUEST_SECONDS
    assert longest(clients.custom_model.client()) <= longest(clients.runtime)
    assert longest(clients.filters.client) <= longest(clients.dynamodb)
    assert longest(clients.fact_lists.client()) <= longest(clients.dynamodb)
