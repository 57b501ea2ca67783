"""The function recommend on fakes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backend.recommend.filters import PublishedFilters
from backend.recommend.lookup import Tables
from backend.recommend.serve import Answered, RecommendDependencies, serve
from backend.recommend.served_lists import ServedLists
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import Faults, client_error, played, timeout
from tests.fakes.functions.firehose import FakeFirehose
from tests.fakes.personalize import FakeRuntime

if TYPE_CHECKING:
    from backend.recommend.requests import RecommendationRequest

NOW = 1_760_000_000_000
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
RANKING = [f"item-{n}" for n in range(200)]
KINDS: Any = ("recommendations", "similar-items", "popular", "rerank")
TABLES = Tables("history", "entities", "answers")


class FakeParameters:
    """SSM's parameters in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.faults = Faults()

    @played
    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - the argument's name is the AWS client's
        if Name not in self.values:
            raise client_error("ParameterNotFound", 400)
        return {"Parameter": {"Value": self.values[Name]}}


class Serving:
    """The fakes and the dependencies made of them, with one known user, ann, and one known item, item-7."""

    def __init__(self) -> None:
        self.dynamodb = FakeDynamoDB(
            {"history": ("person", "moment"), "entities": ("entity",), "answers": ("question",)}
        )
        self.runtime = FakeRuntime(list(RANKING))
        self.firehose = FakeFirehose("served-lists")
        fakes: Any = self
        self.seconds = 0.0
        self.parameters = FakeParameters()
        self.publish(not_bought=[], category=["CATEGORY"], price=["MOST"])
        filters = PublishedFilters(fakes.parameters, "/shop/filters", lambda: self.seconds)
        self.dependencies = RecommendDependencies(
            fakes.dynamodb,
            fakes.runtime,
            TABLES,
            campaign_arns(),
            frozenset(campaign_arns().values()),
            filters,
            ServedLists(fakes.firehose, "served-lists"),
        )
        self.add_event("ann", NOW - DAY, "e-1")
        self.describe("item#item-7")

    def add_event(self, user: str, at: int, event_id: str) -> None:
        item = {"person": {"S": user}, "moment": {"S": f"{at:013d}#{event_id}"}}
        self.dynamodb.put_item(TableName="history", Item=item)

    def describe(self, entity: str) -> None:
        self.dynamodb.put_item(TableName="entities", Item={"entity": {"S": entity}, "attributes": {"S": "{}"}})

    def deploy(self, kind: Any, version: str) -> None:
        item = {"question": {"S": f"deployed#{campaign_arns()[kind]}"}, "solution_version": {"S": version}}
        self.dynamodb.put_item(TableName="answers", Item=item)

    def ask(self, request: RecommendationRequest, at: int = NOW) -> dict[str, Any]:
        return self.answer(request, at).body

    def answer(self, request: RecommendationRequest, at: int = NOW) -> Answered:
        return serve(request, self.dependencies, at, "request-1")

    def publish(self, version: str = "1", **filters: list[str]) -> None:
        """Publish filters with their parameters; CATEGORY is text, the others are numbers."""
        published = [
            {
                "name": name,
                "arn": f"arn:filter/{name}-{version}",
                "parameters": {each: "text" if each == "CATEGORY" else "number" for each in parameters},
                "of_user": name == "not_bought",
            }
            for name, parameters in filters.items()
        ]
        self.parameters.values["/shop/filters"] = json.dumps(published)

    def break_recommender(self) -> None:
        self.runtime.faults.always(timeout())


def campaign_arns() -> dict[Any, str]:
    return {kind: f"arn:aws:personalize:eu-central-1:000000000000:campaign/shop-{kind}" for kind in KINDS}
