"""The function recommend on fakes."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

from backend.contract.products import CATEGORIES, category_sets, index_attributes
from backend.recommend.executions.state_machine import VisitorsWorkflow
from backend.recommend.filters import PublishedFilters
from backend.recommend.lookup import Tables
from backend.recommend.models.custom import CustomModel
from backend.recommend.requests import read_visitor
from backend.recommend.serve import Answered, RecommendDependencies, serve
from backend.recommend.served_lists import ServedLists
from backend.recommend.visitors.fact_lists import FactLists
from backend.recommend.visitors.serving import serve_visitor
from tests.factories.lambda_events import http_request
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import Faults, client_error, played, timeout
from tests.fakes.functions.firehose import FakeFirehose
from tests.fakes.functions.states import FakeStates
from tests.fakes.personalize import FakeRuntime

if TYPE_CHECKING:
    from backend.recommend.requests import RecommendationRequest

NOW = 1_760_000_000_000
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
RANKING = [f"item-{n}" for n in range(200)]
KINDS: Any = ("recommendations", "similar-items", "popular", "rerank")
TABLES = Tables("history", "entities", "answers")
VISITORS = "arn:aws:states:eu-central-1:000000000000:stateMachine:shop-visitors"


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


class FakeObjects:
    """The object of S3 with the popular items by fact, which does not exist at first."""

    def __init__(self) -> None:
        self.text: bytes | None = None
        self.sent: list[int] = []
        self.faults = Faults()

    def put(self, lists: dict[str, dict[str, list[str]]]) -> None:
        self.text = json.dumps({"run_id": "run-1", "lists": lists}).encode()

    @played
    def get_object(self, *, Bucket: str, Key: str, IfNoneMatch: str | None = None) -> dict[str, Any]:  # noqa: N803
        if (Bucket, Key) != ("datasets", "popular-by-fact.json") or self.text is None:
            raise client_error("AccessDenied", 403)
        etag = hashlib.md5(self.text, usedforsecurity=False).hexdigest()
        self.sent.append(304 if IfNoneMatch == etag else 200)
        if IfNoneMatch == etag:
            raise client_error("304", 304)
        return {"ETag": etag, "ContentLength": len(self.text), "Body": io.BytesIO(self.text)}


class FakeEndpoint:
    """The endpoint of a custom model, which lists the items backwards."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.faults = Faults()

    @played
    def invoke_endpoint(self, *, EndpointName: str, ContentType: str, Accept: str, Body: str) -> dict[str, Any]:  # noqa: N803
        assert (EndpointName, ContentType, Accept) == ("shop-custom", "application/json", "application/json")
        asked = json.loads(Body)
        self.asked.append(asked)
        items = asked.get("inputList") or RANKING
        listed = [{"itemId": item} for item in items[::-1][: asked["numResults"]]]
        return {"Body": io.BytesIO(json.dumps({"itemList": listed}).encode())}


class Serving:
    """The fakes and the dependencies made of them, with one known user, ann, and one known item, item-7."""

    def __init__(self) -> None:
        self.dynamodb = FakeDynamoDB(
            {"history": ("person", "moment"), "entities": ("entity",), "answers": ("question",)},
            {("entities", "products"): ("category", "title")},
        )
        self.runtime = FakeRuntime(list(RANKING))
        self.firehose = FakeFirehose("served-lists")
        fakes: Any = self
        self.seconds = 0.0
        self.parameters = FakeParameters()
        self.objects = FakeObjects()
        self.endpoint = FakeEndpoint()
        self.states = FakeStates(VISITORS)
        self.workflow = VisitorsWorkflow(fakes.states, VISITORS, campaign_arns()["recommendations"])
        self.publish(not_bought=[], category=["CATEGORY"], price=["MOST"])
        filters = PublishedFilters(fakes.parameters, "/shop/filters", lambda: self.seconds)
        self.dependencies = RecommendDependencies(
            fakes.dynamodb,
            fakes.runtime,
            TABLES,
            campaign_arns(),
            models(),
            CustomModel(lambda: fakes.endpoint, fakes.dynamodb, TABLES),
            frozenset([*campaign_arns().values(), TRENDING]),
            filters,
            ServedLists(fakes.firehose, "served-lists"),
            FactLists(lambda: fakes.objects, "datasets", lambda: self.seconds),
        )
        self.add_event("ann", NOW - DAY, "e-1")
        self.describe("item#item-7")

    def add_event(self, user: str, at: int, event_id: str, item_id: str | None = "item-7", kind: str = "View") -> None:
        item = {"person": {"S": user}, "moment": {"S": f"{at:013d}#{event_id}"}, "event_type": {"S": kind}}
        if item_id is not None:
            item["item_id"] = {"S": item_id}
        self.dynamodb.put_item(TableName="history", Item=item)

    def describe(self, entity: str, **fields: Any) -> None:
        item: dict[str, Any] = {"entity": {"S": entity}, "attributes": {"S": json.dumps(fields)}}
        if entity.startswith("item#"):
            item |= index_attributes(fields)
            for key, added in category_sets(filter(None, [fields.get("category")])).items():
                values: Any = {":added": {"SS": added}}
                self.dynamodb.update_item(
                    TableName="entities",
                    Key={"entity": {"S": key}},
                    UpdateExpression=f"ADD {CATEGORIES} :added",
                    ExpressionAttributeValues=values,
                )
        self.dynamodb.put_item(TableName="entities", Item=item)

    def deploy(self, kind: Any, version: str) -> None:
        item = {"question": {"S": f"deployed#{campaign_arns()[kind]}"}, "solution_version": {"S": version}}
        self.dynamodb.put_item(TableName="answers", Item=item)

    def ask(self, request: RecommendationRequest, at: int = NOW) -> dict[str, Any]:
        return self.answer(request, at).body

    def answer(self, request: RecommendationRequest, at: int = NOW) -> Answered:
        return serve(request, self.dependencies, at, "request-1")

    def ask_for_visitor(self, body: dict[str, Any], at: int = NOW) -> dict[str, Any]:
        asked = read_visitor(http_request(body=body))
        return serve_visitor(asked, self.dependencies, at, "request-1").body

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


TRENDING = "arn:aws:personalize:eu-central-1:000000000000:campaign/shop-trending"


def models() -> dict[Any, dict[str, str]]:
    endpoint = "arn:aws:sagemaker:eu-central-1:000000000000:endpoint/shop-custom"
    arns = campaign_arns()
    return {
        "recommendations": {"popular": arns["popular"], "trending": TRENDING, "custom": endpoint},
        "similar-items": {"similar-items": arns["similar-items"], "custom": endpoint},
        "popular": {"popular": arns["popular"], "trending": TRENDING, "custom": endpoint},
        "rerank": {"custom": endpoint},
    }


def campaign_arns() -> dict[Any, str]:
    return {kind: f"arn:aws:personalize:eu-central-1:000000000000:campaign/shop-{kind}" for kind in KINDS}
