"""The requests for an answer as boto3 sends them: valid for boto3, and right on the wire."""

from __future__ import annotations

import json

from backend.recommend.health import check_health
from backend.recommend.requests import RecommendationRequest
from backend.recommend.serve import RecommendDependencies, serve
from tests.fakes.functions.serving import NOW, TABLES, campaign_arns
from tests.fakes.wire import Wire


def dependencies(wire: Wire) -> RecommendDependencies:
    return RecommendDependencies(wire.client("dynamodb"), wire.client("personalize-runtime"), TABLES, campaign_arns())


def test_recommendations_and_ranking():
    wire = Wire(
        Query={"Items": [{"moment": {"S": "1#e"}}], "Count": 1},
        BatchGetItem={"Responses": {}, "UnprocessedKeys": {}},
        PutItem={},
        GetRecommendations={"itemList": [{"itemId": "mug", "score": 0.5}], "recommendationId": "RID-1"},
        GetPersonalizedRanking={"personalizedRanking": [{"itemId": "mug"}], "recommendationId": "RID-2"},
    )
    clients = dependencies(wire)
    body = serve(RecommendationRequest("recommendations", user_id="ann", num_results=30), clients, NOW)
    assert body["items"] == [{"item_id": "mug", "score": 0.5}]
    assert (
        serve(RecommendationRequest("rerank", user_id="ann", items=("mug",), num_results=1), clients, NOW)[
            "recommendation_id"
        ]
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
    body = serve(RecommendationRequest("popular", with_explanations=True), dependencies(wire), NOW)
    assert body["items"] == [{"item_id": "mug", "score": 0.5, "because": because}]
    sent = {operation: json.loads(body) for operation, body in wire.sent}
    assert sent["GetRecommendations"]["metadataColumns"] == {"ITEMS": ["EXPLANATION"]}
    keys = [key["question"]["S"] for key in sent["BatchGetItem"]["RequestItems"]["answers"]["Keys"]]
    assert keys == ["explained-popular", "popular"]


def test_health():
    wire = Wire(GetItem={})
    assert check_health(dependencies(wire), NOW)["status"] == "ready"
    assert [operation for operation, _ in wire.sent] == ["GetItem"]
