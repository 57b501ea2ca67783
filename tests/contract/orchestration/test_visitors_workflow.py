"""The state machine of visitors, on the emulator: what it writes, in which order, and what it answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployment.check.state_machines import render
from tests.fakes.emulator.personalize import THROTTLED
from tests.fakes.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "infrastructure/modules/visitors/state-machines/visitors.asl.json.tftpl"
ITEMS = ["i2", "i3", "i4", "i5", "i6"]
QUESTION = {"NumResults": 30, "Context": {"DEVICE": "phone"}}


class Workflow:
    """The state machine, which does not wait for effect."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.states = cloud.client("stepfunctions")
        cloud.client("ssm").put_parameter(Name="/visitors/tracking-id", Type="String", Value="tracker-1")
        definition = render(
            TEMPLATE.read_text("utf-8"),
            effect_seconds="0",
            tracking_id_parameter="/visitors/tracking-id",
            users_dataset_arn="arn:users",
            campaign_arn="arn:campaign",
            event_type="Like",
        )
        self.arn = self.states.create_state_machine(
            name="visitors", definition=definition, roleArn="arn:aws:iam::000000000000:role/visitors"
        )["stateMachineArn"]

    def run(self, name: str, **given: Any) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
        """Return an execution that has ended, and the paths and bodies of its requests to Personalize."""
        before = len(self.cloud.personalize.requests)
        arn = self.states.start_execution(stateMachineArn=self.arn, name=name, input=json.dumps(given))["executionArn"]
        wait_until(lambda: self.states.describe_execution(executionArn=arn)["status"] != "RUNNING")
        sent = [(path, body) for path, _, body in self.cloud.personalize.requests[before:]]
        return self.states.describe_execution(executionArn=arn), sent


@pytest.fixture(scope="module")
def workflow(cloud: Any) -> Workflow:
    return Workflow(cloud)


def test_facts_and_choice_are_written_before_the_campaign_is_asked(workflow: Workflow):
    facts = {"ageGroup": "25-34", "interests": "shoes|hats"}

    ended, sent = workflow.run("both", items=ITEMS, facts=facts, question=QUESTION, answer={})

    (users_path, users), (events_path, events), (asked_path, asked) = sent
    assert (users_path, events_path, asked_path) == ("/users", "/events", "/recommendations")
    assert users["datasetArn"] == "arn:users"
    assert [user["userId"] for user in users["users"]] == ["session#both"]
    assert json.loads(users["users"][0]["properties"]) == facts
    assert (events["trackingId"], events["userId"], events["sessionId"]) == ("tracker-1", *["session#both"] * 2)
    assert [(event["eventId"], event["itemId"]) for event in events["eventList"]] == [
        (f"both-{place}", item) for place, item in enumerate(ITEMS)
    ]
    assert {event["eventType"] for event in events["eventList"]} == {"Like"}
    assert {event["sentAt"] for event in events["eventList"]} == {ended["startDate"].timestamp()}
    assert asked == {
        "campaignArn": "arn:campaign",
        "userId": "session#both",
        "numResults": 30,
        "context": {"DEVICE": "phone"},
    }
    assert json.loads(ended["output"]) == {"items": [{"item_id": "i1", "score": 0.5}], "recommendation_id": "r1"}


def test_only_what_is_given_is_written_and_a_chosen_item_is_not_recommended(workflow: Workflow):
    ended, sent = workflow.run("facts", facts={"city": "Bern"}, question=QUESTION, answer={})
    assert [path for path, _ in sent] == ["/users", "/recommendations"]
    assert ended["status"] == "SUCCEEDED"

    ended, sent = workflow.run("chosen", items=["i1", *ITEMS[1:]], question=QUESTION, answer={})
    assert [path for path, _ in sent] == ["/events", "/recommendations"]
    assert json.loads(ended["output"])["items"] == []


def test_the_question_names_neither_the_campaign_nor_the_user(workflow: Workflow):
    question = QUESTION | {"CampaignArn": "arn:other", "UserId": THROTTLED}

    _, sent = workflow.run("own", facts={"city": "Bern"}, question=question, answer={})

    assert (sent[-1][1]["campaignArn"], sent[-1][1]["userId"]) == ("arn:campaign", "session#own")
