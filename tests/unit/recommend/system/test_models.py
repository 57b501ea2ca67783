"""The models of the recommender, and the system's description of itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.aws.deadline import Deadline
from backend.contract.access.roles import ROUTES
from backend.http import UnavailableError
from backend.recommend import handler as entry
from backend.recommend.system.info import describe_system
from backend.recommend.system.models import Models
from tests.factories.lambda_events import proxy_event
from tests.fakes.faults import client_error, throttled
from tests.fakes.functions.serving import campaign_arns
from tests.fakes.personalize import METRICS, FakeControl

GROUP = "arn:aws:personalize:eu-central-1:000000000000:dataset-group/shop"
CAMPAIGN = campaign_arns()["recommendations"]
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    def __init__(self) -> None:
        self.control = FakeControl()
        self.seconds = 0.0
        fake: Any = self.control
        self.models = Models(fake, GROUP, tuple(campaign_arns().values()), clock=lambda: self.seconds)

    def read(self) -> list[dict[str, Any]]:
        return self.models.read(Deadline.after(5))


@pytest.fixture
def world() -> World:
    return World()


def test_each_solution_has_its_latest_versions_and_the_one_that_serves(world: World):
    arns = [world.control.add("ranking", f"v{day}", FIRST + timedelta(days=day)) for day in (3, 0, 1, 4, 2)]
    world.control.serving[CAMPAIGN] = arns[1]
    world.control.add("bought", "v9", FIRST, "CREATE FAILED")

    models = world.read()

    assert [(model["solution"], model["version"], model["serves"]) for model in models] == [
        ("bought", "v9", False),
        ("ranking", "v4", False),
        ("ranking", "v3", False),
        ("ranking", "v2", False),
        ("ranking", "v0", True),
    ]
    assert models[-1] == {
        "solution": "ranking",
        "recipe": "aws-ranking",
        "version": "v0",
        "status": "ACTIVE",
        "created_at": "2026-01-01T00:00:00.000Z",
        "metrics": METRICS,
        "serves": True,
        "campaign": "shop-recommendations",
    }
    assert (models[0]["metrics"], models[0]["status"]) == ({}, "CREATE FAILED")
    assert "campaign" not in models[0]


def test_before_the_first_training_there_are_none(world: World):
    assert world.read() == []


def test_they_are_kept_for_a_minute_and_while_the_recommender_fails(world: World):
    world.control.add("ranking", "v1", FIRST)
    assert [model["version"] for model in world.read()] == ["v1"]
    world.control.add("ranking", "v2", FIRST + timedelta(days=1))

    world.seconds = 59
    assert [model["version"] for model in world.read()] == ["v1"]
    world.control.faults.plan([throttled()])
    world.seconds = 61
    assert [model["version"] for model in world.read()] == ["v1"]
    world.seconds = 122
    assert [model["version"] for model in world.read()] == ["v2", "v1"]


@pytest.mark.parametrize("failing", range(4))
def test_without_an_earlier_answer_a_failure_is_503(world: World, failing: int):
    world.control.add("ranking", "v1", FIRST)
    world.control.serving[CAMPAIGN] = world.control.add("ranking", "v2", FIRST)
    world.models.campaign_arns = (CAMPAIGN,)
    world.control.faults.plan([None] * failing + [client_error("AccessDeniedException", 403)])

    with pytest.raises(UnavailableError, match="AccessDeniedException"):
        world.read()
    with pytest.raises(UnavailableError):
        World().models.read(Deadline.after(-1))


def test_the_routes_answer_and_refuse_parameters(world: World, monkeypatch: pytest.MonkeyPatch):
    world.control.add("ranking", "v1", FIRST)
    monkeypatch.setattr(entry, "_models", lambda: world.models)

    answered = entry.handler(proxy_event("GET", "/models"), None)

    assert (answered["statusCode"], len(json.loads(answered["body"])["models"])) == (200, 1)
    for resource in ("/models", "/system-info"):
        refused = entry.handler(proxy_event("GET", resource, multiValueQueryStringParameters={"all": ["true"]}), None)
        assert refused["statusCode"] == 400
        assert ROUTES[f"GET {resource}"].roles == ("read", "train")


@pytest.mark.parametrize(
    ("url", "recommender"),
    [
        ("https://personalize-runtime.eu-central-1.amazonaws.com", "amazon-personalize"),
        ("https://personalize-runtime.cn-north-1.amazonaws.com.cn", "amazon-personalize"),
        ("http://127.0.0.1:4567", "rivulet-engine"),
        ("https://engine.amazonaws.com.example", "rivulet-engine"),
    ],
)
def test_the_system_says_which_recommender_answers(url: str, recommender: str):
    variables = {
        "PROJECT": "rivulet",
        "ENVIRONMENT": "dev",
        "AWS_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_VERSION": "7",
    }

    info = describe_system(variables, url)

    assert (info["recommender"], info["release"], info["environment"]) == (recommender, "7", "dev")
    assert info["limits"]["products_per_page"] == 100
