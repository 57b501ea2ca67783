"""The requests for an answer as boto3 sends them: valid for boto3, and right on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.recommend.filters import PublishedFilters
from backend.recommend.health import check_health
from backend.recommend.models.custom import CustomModel
from backend.recommend.requests import RecommendationRequest
from backend.recommend.serve import RecommendDependencies, serve
from backend.recommend.served_lists import ServedLists
from backend.recommend.visitors.fact_lists import FactLists
from tests.fakes.functions.serving import NOW, TABLES, campaign_arns, models
from tests.fakes.wire import Wire


def dependencies(wire: Wire) -> RecommendDependencies:
    filters = PublishedFilters(wire.client("ssm"), "/filters", lambda: 0.0)
    runtime = wire.client("personalize-runtime")
    return RecommendDependencies(
        wire.client("dynamodb"),
        runtime,
        TABLES,
        campaign_arns(),
        models(),
        CustomModel(lambda: wire.client("sagemaker-runtime"), wire.client("dynamodb"), TABLES),
        frozenset(campaign_arns().values()),
        filters,
        ServedLists(wire.client("firehose"), "served-lists"),
        FactLists(lambda: wire.client("s3"), "datasets", lambda: 0.0),
    )


def ask(request: RecommendationRequest, clients: RecommendDependencies) -> dict[str, Any]:
    return serve(request, clients, NOW, "request-1").body


def test_recommendations_and_ranking():
    wire = Wire(
        Query={"Items": [{"moment": {"S": "1#e"}}], "Count": 1},
        BatchGetItem={"Responses": {}, "UnprocessedKeys": {}},
        PutItem={},
        GetRecommendations={"itemList": [{"itemId": "mug", "score": 0.5}], "recommendationId": "RID-1"},
        GetPersonalizedRanking={"personalizedRanking": [{"itemId": "mug"}], "recommendationId": "RID-2"},
    )
    clients = dependencies(wire)
    body = ask(RecommendationRequest("recommendations", user_id="ann", num_results=30), clients)
    assert body["items"] == [{"item_id": "mug", "score": 0.5}]
    assert (
        ask(RecommendationRequest("rerank", user_id="ann", items=("mug",), num_results=1), clients)["recommendation_id"]
        == "RID-2"
    )
    sent = {operation: json.loads(body) for operation, body in wire.sent}
    assert sent["GetRecommendations"] == {
        "campaignArn": "arn:aws:personalize:eu-central-1:000000000000:campaign/shop-recommendations",
        "userId": "ann",
        "numResults": 30,
    }
    assert sent["GetPersonalizedRanking"]["inputList"] == ["mug"]
    assert sent["PutItem"]["Item"]["answered_at"] == {"N": str(NOW)}


def test_explanations_are_a_column_of_the_items():
    because = [{"name": "item:cup", "weight": 1.0}]
    listed = {"itemId": "mug", "score": 0.5, "metadata": {"EXPLANATION": json.dumps(because)}}
    wire = Wire(BatchGetItem={"Responses": {}}, PutItem={}, GetRecommendations={"itemList": [listed]})
    body = ask(RecommendationRequest("popular", with_explanations=True), dependencies(wire))
    assert body["items"] == [{"item_id": "mug", "score": 0.5, "because": because}]
    sent = {operation: json.loads(body) for operation, body in wire.sent}
    assert sent["GetRecommendations"]["metadataColumns"] == {"ITEMS": ["EXPLANATION"]}
    keys = [key["question"]["S"] for key in sent["BatchGetItem"]["RequestItems"]["answers"]["Keys"]]
    assert keys == [
        "deployed#arn:aws:personalize:eu-central-1:000000000000:campaign/shop-popular",
        "explained-popular",
        "popular",
    ]


LISTED = [{"itemId": "mug", "score": 0.5}]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b"<html>503</html>",
        b'{"itemList": [{"itemId": "mug"',
        b'{"itemList": null}',
        b'{"itemList": []}',
        b'{"itemList": "mug"}',
        b'{"itemList": ["mug"]}',
        b'{"itemList": [{"score": 1}]}',
        b'{"itemList": [{"itemId": 3}]}',
        b'{"itemList": [{"itemId": "\xff"}]}',
    ],
)
def test_an_answer_of_any_other_form_is_a_failure_of_the_recommender(broken):
    wire = Wire(BatchGetItem={"Responses": {}}, PutItem={}, GetRecommendations={"itemList": LISTED})
    clients = dependencies(wire)
    good = ask(RecommendationRequest("popular"), clients)

    wire.answers["GetRecommendations"] = broken

    body = ask(RecommendationRequest("popular"), clients)
    assert (body["source"], body["items"]) == ("last_good", good["items"])


@pytest.mark.parametrize("score", ["NaN", "Infinity", "null"])
def test_a_score_that_is_no_number_is_left_out(score):
    answer = f'{{"itemList": [{{"itemId": "mug", "score": {score}}}], "recommendationId": 3}}'.encode()
    wire = Wire(BatchGetItem={"Responses": {}}, PutItem={}, GetRecommendations=answer)

    body = ask(RecommendationRequest("popular"), dependencies(wire))

    assert body["items"] == [{"item_id": "mug"}]
    json.dumps(body, allow_nan=False)


@pytest.mark.parametrize("broken", [b"", b"{}", b"<html>", b"null", b'{"Responses": null}'])
def test_tables_that_answer_in_another_form_leave_an_uncached_answer_and_no_readiness(broken):
    wire = Wire(Query=broken, BatchGetItem=broken, PutItem=b"<html>", GetRecommendations={"itemList": LISTED})
    clients = dependencies(wire)

    assert ask(RecommendationRequest("recommendations", user_id="ann"), clients)["source"] == "recommender"
    assert check_health(clients, NOW)["status"] == "degraded"


def test_health():
    wire = Wire(BatchGetItem={"Responses": {}})
    assert check_health(dependencies(wire), NOW)["status"] == "ready"
    assert [operation for operation, _ in wire.sent] == ["BatchGetItem"]
