"""Where the engine does otherwise than Amazon on purpose, and no other test says so."""

from __future__ import annotations

import json

import pytest

from tests.contract.engine.calls import refusal
from tests.contract.engine.running_engine import ROLE, until_settled

KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"


@pytest.mark.honours("CreateDatasetGroup", "a key needs a role that may use it")
@pytest.mark.differs(
    "CreateDatasetGroup", "kmsKeyArn is stored and described, but only the volume can encrypt the state"
)
def test_a_key_is_described_and_needs_a_role(engine):
    control = engine.client(account="826000000001")

    code, message = refusal(control.create_dataset_group, name="locked", kmsKeyArn=KEY)
    arn = control.create_dataset_group(name="locked", kmsKeyArn=KEY, roleArn=ROLE)["datasetGroupArn"]

    assert (code, "roleArn" in message) == ("InvalidInputException", True)
    described = until_settled(lambda: control.describe_dataset_group(datasetGroupArn=arn))
    assert (described["kmsKeyArn"], described["roleArn"]) == (KEY, ROLE)


@pytest.mark.differs("PutItems", "more than ten calls per second are accepted: request rates are not limited")
def test_more_calls_a_second_than_amazon_takes(new_shop):
    for place in range(40):
        properties = json.dumps({"category": "shelf", "price": float(place), "creationTimestamp": 1_760_000_000})
        new_shop.events.put_items(
            datasetArn=new_shop.datasets["Items"], items=[{"itemId": f"item-{place}", "properties": properties}]
        )


@pytest.mark.differs(
    "GetRecommendations", "similar items include streamed events at once; Amazon's wait for a training"
)
def test_similar_items_learn_from_the_next_events(new_shop):
    new_shop.fill()
    new_shop.tracking_id = new_shop.track()
    campaign = new_shop.deploy("similar", "aws-similar-items")
    asked = {"campaignArn": campaign, "itemId": "item-2-2", "numResults": 15}
    before = [entry["itemId"] for entry in new_shop.runtime.get_recommendations(**asked)["itemList"]]

    for user in range(40):
        events = [
            {"eventType": "View", "itemId": item, "sentAt": 1_760_900_000 + user * 10 + place}
            for place, item in enumerate(("item-2-2", "item-9-9"))
        ]
        new_shop.events.put_events(
            trackingId=new_shop.tracking_id, userId=f"new-{user}", sessionId=f"new-{user}", eventList=events
        )

    after = [entry["itemId"] for entry in new_shop.runtime.get_recommendations(**asked)["itemList"]]
    assert "item-9-9" not in before[:3]
    assert "item-9-9" in after[:3]
