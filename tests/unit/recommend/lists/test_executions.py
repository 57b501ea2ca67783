"""Executions for visitors: what is started, by whom it is read, and the answer that is made of its output."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from backend.recommend import handler as entry
from tests.factories.lambda_events import proxy_event
from tests.fakes.faults import client_error, timeout
from tests.fakes.functions.serving import Serving
from tests.fakes.functions.states import STARTED

ITEMS = [f"item-{n}" for n in range(5)]
FACTS = {"age_group": "25-34", "city": "Bern", "interests": ["shoes", "hats"]}
OUTPUT = {"items": [{"item_id": f"item-{n}", "score": 0.5} for n in range(9, 19)], "recommendation_id": "r-1"}


class World:
    """The handler on fakes, whose campaign has been deployed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.serving = Serving()
        self.states = self.serving.states
        for item in ITEMS:
            self.serving.describe(f"item#{item}", title=f"About {item}")
        self.serving.deploy("recommendations", "v1")
        monkeypatch.setattr(entry, "_dependencies", lambda: self.serving.dependencies)
        monkeypatch.setattr(entry, "_workflow", lambda: self.serving.workflow)

    def post(self, body: dict[str, Any], query: str = "true") -> tuple[int, dict[str, Any]]:
        return self._send("POST", "/recommendations", body, multiValueQueryStringParameters={"async": [query]})

    def start(self, **body: Any) -> str:
        status, answered = self.post(body)
        assert status == 202
        return str(answered["execution_id"])

    def end(self, name: str, status: str, **ended: Any) -> None:
        self.states.executions[name] |= {"status": status, "stopDate": STARTED + timedelta(seconds=3.2), **ended}

    def get(self, name: str, **event: Any) -> tuple[int, dict[str, Any]]:
        return self._send("GET", "/executions/{id}", None, pathParameters={"id": name}, **event)

    def _send(self, method: str, resource: str, body: Any, **event: Any) -> tuple[int, dict[str, Any]]:
        answered = entry.handler(proxy_event(method, resource, body, **event), None)
        return answered["statusCode"], json.loads(answered["body"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_an_execution_gets_the_choice_the_facts_as_properties_and_the_question(world: World):
    status, answered = world.post(
        {
            "items": ITEMS,
            "facts": FACTS,
            "num_results": 10,
            "filter": "category",
            "filter_values": {"CATEGORY": ["shoes"]},
            "context": {"DEVICE": "phone"},
        }
    )

    (name,) = world.states.started
    assert (status, answered) == (
        202,
        {"execution_id": name, "status": "RUNNING", "status_url": f"/executions/{name}"},
    )
    given = json.loads(world.states.executions[name]["input"])
    assert given["items"] == ITEMS
    assert given["facts"] == {"ageGroup": "25-34", "city": "Bern", "interests": "shoes|hats"}
    assert given["question"] == {
        "NumResults": 15,
        "FilterArn": "arn:filter/category-1",
        "FilterValues": {"CATEGORY": '"shoes"'},
        "Context": {"DEVICE": "phone"},
    }


def test_ids_are_not_guessed(world: World):
    names = {world.start(facts=FACTS) for _ in range(20)}

    assert len(names) == 20
    assert {UUID(name).version for name in names} == {4}


def test_without_async_nothing_is_started(world: World):
    assert world.post({"items": ITEMS}, query="false")[0] == 200
    assert world.post({"items": ITEMS}, query="yes")[0] == 400
    assert world.states.started == []


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({"items": ITEMS}, "chosen"),
        ({"facts": FACTS}, "facts"),
        ({"items": ITEMS, "facts": FACTS}, "chosen_and_facts"),
    ],
)
def test_a_result_has_the_form_of_the_answer_without_async(world: World, given: dict[str, Any], source: str):
    name = world.start(**given, num_results=4, slot="home", variation="b", details=True)
    assert world.get(name) == (200, {"execution_id": name, "status": "RUNNING"})
    world.end(name, "SUCCEEDED", output=json.dumps(OUTPUT))

    status, answered = world.get(name)

    result = answered.pop("result")
    assert (status, answered) == (200, {"execution_id": name, "status": "SUCCEEDED"})
    assert [item["item_id"] for item in result["items"]] == ["item-9", "item-10", "item-11", "item-12"]
    assert all("details" in item for item in result["items"])
    assert (result["source"], result["recommendation_id"], result["model"]) == (source, "r-1", "shop-recommendations")
    assert result.get("facts") == (["age_group", "city", "interests"] if "facts" in given else None)
    assert (result["user_id"], result["variation"], result["took_ms"]) == (f"session#{name}", "b", 3200)
    served = world.serving.firehose.rows[-1]
    assert (served["session_id"], served["slot"], served["source"]) == (name, "home", source)
    world.get(name)
    assert [row["served_id"] for row in world.serving.firehose.rows] == [name, name]


@pytest.mark.parametrize(
    ("status", "ended", "reason"),
    [
        (
            "FAILED",
            {"error": "PersonalizeRuntime.ResourceNotFoundException", "cause": "arn:secret"},
            "failed with Perso",
        ),
        ("FAILED", {}, "failed with an error without a name"),
        ("TIMED_OUT", {"error": "States.Timeout"}, "exceeded its timeout"),
        ("ABORTED", {"cause": "arn:secret"}, "was aborted"),
    ],
)
def test_a_failed_execution_has_a_reason_without_its_cause(world: World, status, ended, reason):
    name = world.start(facts=FACTS)
    world.end(name, status, **ended)

    answered = world.get(name)[1]

    assert answered["status"] == "FAILED"
    assert reason in answered["reason"]
    assert "secret" not in json.dumps(answered)


@pytest.mark.parametrize("name", ["absent", "a:b", "x" * 81, "session#1", " "])
def test_an_id_that_names_no_execution_is_unknown(world: World, name: str):
    assert world.get(name)[0] == 404


def test_a_chosen_item_that_is_unknown_starts_nothing(world: World):
    assert world.post({"items": ["absent", *ITEMS[1:]]})[0] == 404
    assert world.states.started == []


def test_before_a_model_is_deployed_nothing_is_started(monkeypatch: pytest.MonkeyPatch):
    world = World(monkeypatch)
    world.serving.deploy("popular", "v1")
    world.serving.dynamodb.delete_item(
        TableName="answers", Key={"question": {"S": f"deployed#{world.serving.workflow.campaign_arn}"}}
    )

    status, answered = world.post({"facts": FACTS})

    assert (status, answered["error"]["message"]) == (
        503,
        "no model is deployed yet: POST /train trains and deploys one",
    )
    assert world.states.started == []


def test_where_the_tables_do_not_answer_an_execution_starts_all_the_same(world: World):
    world.serving.dynamodb.faults["batch_get_item"].always(timeout())

    assert world.post({"items": ["absent", *ITEMS[1:]]})[0] == 202


@pytest.mark.parametrize(("error", "status"), [("ThrottlingException", 429), ("AccessDeniedException", 503)])
def test_an_error_of_step_functions_is_one_of_http(world: World, error: str, status: int):
    for call in ("start_execution", "describe_execution"):
        world.states.faults[call].always(client_error(error, 400))

    assert world.post({"facts": FACTS})[0] == status
    assert world.get("some-id")[0] == status


def test_an_execution_is_read_by_those_who_may_read_visitors(world: World):
    name = world.start(facts=FACTS)

    readers = [{"producer": "server", "reads": "all"}, {"producer": "page", "reads": "visitors"}, {"producer": "page"}]
    assert [world.get(name, requestContext={"authorizer": reader})[0] for reader in readers] == [200, 200, 403]
