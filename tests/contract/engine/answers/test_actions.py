"""GetActionRecommendations: the actions recommended to a user, and those that are left out."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.engine.calls import refusal
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema

ACCOUNT = "444444444441"
DAY = 86_400
NOW = int(time.time())
FIELDS: dict[str, list[dict[str, Any]]] = {
    "Actions": [
        {"name": "ACTION_ID", "type": "string"},
        {"name": "CHANNEL", "type": ["string", "null"], "categorical": True},
        {"name": "EXPIRATION_TIMESTAMP", "type": ["long", "null"]},
        {"name": "REPEAT_FREQUENCY", "type": ["long", "null"]},
    ],
    "ActionInteractions": [
        *({"name": name, "type": "string"} for name in ("USER_ID", "ACTION_ID", "EVENT_TYPE")),
        {"name": "TIMESTAMP", "type": "long"},
    ],
}
# How many of ten users take each action; no user has had the action `phone` yet, and the sale is over.
TAKEN_OF_TEN = {"subscribe": 8, "install": 6, "join": 3, "review": 2, "sale": 7, "phone": 0}
USERS = 400


def actions_csv():
    lines = ["ACTION_ID,CHANNEL,EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY"]
    for place, name in enumerate(TAKEN_OF_TEN):
        expires = NOW - DAY if name == "sale" else NOW + 1000 * DAY
        lines.append(f"{name},{'mail' if place % 2 else 'web'},{expires},30")
    return "\n".join(lines)


def action_interactions_csv():
    lines = ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"]
    for user in range(USERS):
        for place, (name, taken) in enumerate(TAKEN_OF_TEN.items()):
            if taken:
                kind = "Taken" if (user * 7 + place * 3) % 10 < taken else "Not Taken"
                lines.append(f"asked-{user},{name},{kind},{NOW - 40 * DAY + user * 60 + place}")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def shop(engine, s3):
    """A shop that has asked its users to do things, with a campaign of the Next-Best-Action recipe."""
    made = Shop(engine, s3, ACCOUNT)
    made.fill()
    for name, dataset_type, text in (
        ("Actions", "Actions", actions_csv()),
        ("ActionInteractions", "Action_Interactions", action_interactions_csv()),
    ):
        made.add_dataset(name, avro_schema(name, FIELDS[name]), dataset_type)
        made.load(name, s3.put("data", f"actions/{name}.csv", text), name)
    made.deploy("actions", "aws-next-best-action")
    described = made.control.describe_dataset(datasetArn=made.datasets["ActionInteractions"])["dataset"]
    made.tracking_id = described["trackingId"]
    return made


def actions(shop, user="somebody", **request):
    answer = shop.runtime.get_action_recommendations(campaignArn=shop.campaigns["actions"], userId=user, **request)
    return {action["actionId"]: action["score"] for action in answer["actionList"]}


@pytest.mark.honours("GetActionRecommendations", "5 actions by default, each with the likelihood that it is taken")
def test_actions_come_with_the_likelihood_that_they_are_taken(shop):
    answer = actions(shop)

    assert list(answer)[:2] == ["subscribe", "install"]
    assert answer["subscribe"] > answer["install"] > 0.5 > answer["join"] > 0
    assert len(answer) == 5


@pytest.mark.honours("GetActionRecommendations", "a score of 0.0 for an action with too few interactions")
@pytest.mark.honours("GetActionRecommendations", "expired actions are left out")
def test_too_little_known_means_a_score_of_zero_and_expired_means_gone(shop):
    answer = actions(shop, numResults=100)

    assert answer["phone"] == 0.0
    assert "sale" not in answer


@pytest.mark.honours("PutActionInteractions", "a taken action is not recommended again before its repeat frequency")
def test_an_action_taken_is_not_recommended_within_its_repeat_frequency(shop):
    before = actions(shop, "doer")

    taken = {"actionId": "subscribe", "userId": "doer", "sessionId": "s", "eventType": "Taken"}
    shop.events.put_action_interactions(
        trackingId=shop.tracking_id, actionInteractions=[{**taken, "timestamp": datetime.now(UTC)}]
    )

    assert "subscribe" in before
    assert "subscribe" not in actions(shop, "doer")
    assert "subscribe" in actions(shop, "another")


@pytest.mark.honours("PutActions", "a new action is in the next answer")
def test_a_new_action_is_in_the_next_answer(shop):
    shop.events.put_actions(
        datasetArn=shop.datasets["Actions"],
        actions=[{"actionId": "vote", "properties": json.dumps({"channel": "radio"})}],
    )

    assert actions(shop, numResults=100)["vote"] == 0.0


@pytest.mark.honours("GetActionRecommendations", "filters that choose actions")
def test_actions_are_filtered(shop):
    by_channel = shop.add_filter("by-channel", "INCLUDE ActionID WHERE Actions.CHANNEL IN ($CHANNEL)")

    answer = actions(shop, filterArn=by_channel, filterValues={"CHANNEL": '"mail"'})

    assert set(answer) == {"install", "review", "phone"}


@pytest.mark.honours("GetActionRecommendations", "at most 100 actions; userId is required")
@pytest.mark.parametrize(
    ("request_", "message"),
    [({"userId": "u", "numResults": 101}, "must be at most 100, not 101"), ({}, "userId is required")],
)
def test_a_question_that_cannot_be_answered_says_why(shop, request_, message):
    refused = refusal(shop.runtime.get_action_recommendations, campaignArn=shop.campaigns["actions"], **request_)

    assert refused.code == "InvalidInputException"
    assert message in refused.message


@pytest.mark.honours("GetActionRecommendations", "each recipe type has its own operation")
def test_actions_and_items_are_asked_for_by_different_operations(shop, trained_shop):
    for_you = trained_shop.campaigns["for-you"]
    items = refusal(trained_shop.runtime.get_action_recommendations, campaignArn=for_you, userId="u")
    actions_ = refusal(shop.recommend, "actions", userId="u")

    assert "needs GetRecommendations" in items.message
    assert "needs GetActionRecommendations" in actions_.message
