"""What boto3 makes of the calls for an answer: its own checks pass, and the wire says what was meant."""

from __future__ import annotations

import json
from typing import Any

from backend.recommend.health import check_health
from backend.recommend.lookup import Tables
from backend.recommend.question import Question
from backend.recommend.serve import Services, serve
from tests.fakes.wire import Wire

NOW = 1_760_000_000_000


def services(wire: Wire) -> Services:
    campaigns: Any = {
        kind: f"arn:aws:personalize:eu-central-1:000000000000:campaign/{kind}"
        for kind in ("recommendations", "similar-items", "popular", "rerank")
    }
    tables = Tables("history", "entities", "answers")
    return Services(wire.client("dynamodb"), wire.client("personalize-runtime"), tables, campaigns)


def test_recommendations_and_ranking():
    wire = Wire(
        Query={"Items": [{"moment": {"S": "1#e"}}], "Count": 1},
        BatchGetItem={"Responses": {}, "UnprocessedKeys": {}},
        PutItem={},
        GetRecommendations={"itemList": [{"itemId": "mug", "score": 0.5}], "recommendationId": "RID-1"},
        GetPersonalizedRanking={"personalizedRanking": [{"itemId": "mug"}], "recommendationId": "RID-2"},
    )
    asked = services(wire)
    body = serve(Question("recommendations", user_id="ann", wanted=30), asked, NOW)
    assert body["items"] == [{"item_id": "mug", "score": 0.5}]
    assert (
        serve(Question("rerank", user_id="ann", items=("mug",), wanted=1), asked, NOW)["recommendation_id"] == "RID-2"
    )
    sent = {operation: json.loads(said) for operation, said in wire.sent}
    assert sent["GetRecommendations"] == {
        "campaignArn": "arn:aws:personalize:eu-central-1:000000000000:campaign/recommendations",
        "userId": "ann",
        "numResults": 30,
    }
    assert sent["GetPersonalizedRanking"]["inputList"] == ["mug"]
    assert sent["PutItem"]["Item"]["answered_at"] == {"N": str(NOW)}


def test_explanations_are_a_column_of_the_items():
    because = [{"name": "item:cup", "weight": 1.0}]
    listed = {"itemId": "mug", "score": 0.5, "metadata": {"EXPLANATION": json.dumps(because)}}
    wire = Wire(BatchGetItem={"Responses": {}}, PutItem={}, GetRecommendations={"itemList": [listed]})
    body = serve(Question("popular", explained=True), services(wire), NOW)
    assert body["items"] == [{"item_id": "mug", "score": 0.5, "because": because}]
    sent = {operation: json.loads(said) for operation, said in wire.sent}
    assert sent["GetRecommendations"]["metadataColumns"] == {"ITEMS": ["EXPLANATION"]}
    keys = [key["question"]["S"] for key in sent["BatchGetItem"]["RequestItems"]["answers"]["Keys"]]
    assert keys == ["explained-popular", "popular"]


def test_health():
    wire = Wire(GetItem={})
    assert check_health(services(wire), NOW)["status"] == "ready"
    assert [operation for operation, _ in wire.sent] == ["GetItem"]
