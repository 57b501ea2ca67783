"""The lock of the training workflow: of the executions that run at once, one trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployment.check.state_machines import render
from tests.fakes.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "infrastructure/modules/recommender/state-machines/train.asl.json.tftpl"
ROLE = "arn:aws:iam::000000000000:role/train"
TRAINING_SECONDS = 3


class Workflow:
    """The workflow, which only waits in place of a training: its executions have a trainer that is unknown."""

    def __init__(self, emulator) -> None:
        definition = json.loads(render(TEMPLATE.read_text(encoding="utf-8")))
        definition["States"]["TrainerUnknown"] = {"Type": "Wait", "Seconds": TRAINING_SECONDS, "End": True}
        self.dynamodb = emulator.client("dynamodb")
        self.dynamodb.create_table(
            TableName="sample",
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.states = emulator.client("stepfunctions")
        self.arn = self.states.create_state_machine(name="train", definition=json.dumps(definition), roleArn=ROLE)[
            "stateMachineArn"
        ]

    def start(self, name):
        self.states.start_execution(stateMachineArn=self.arn, name=name, input='{"trainer": "none"}')

    def describe(self, name):
        return self.states.describe_execution(executionArn=f"{self.arn.replace('stateMachine', 'execution')}:{name}")

    def holds_the_lock(self, name):
        item = self.dynamodb.get_item(TableName="sample", Key={"name": {"S": "train"}}).get("Item")
        return bool(item) and item["holder"]["S"] == self.describe(name)["executionArn"]

    def end_of(self, name):
        wait_until(lambda: self.describe(name)["status"] != "RUNNING", seconds=30, poll=0.1)
        return self.describe(name)


@pytest.fixture(scope="module")
def workflow(shared_emulator):
    return Workflow(shared_emulator)


def test_of_simultaneous_trainings_one_trains_and_the_others_name_it(workflow):
    # When a schedule and requests start trainings at once
    names = [f"race-{number}" for number in range(4)]
    for name in names:
        workflow.start(name)
    ended = {name: workflow.end_of(name) for name in names}

    # Then
    trained = [name for name, execution in ended.items() if execution["status"] == "SUCCEEDED"]
    refused = [execution for execution in ended.values() if execution["status"] == "ABORTED"]
    assert (len(trained), len(refused)) == (1, 3)
    assert {(each["error"], each["cause"]) for each in refused} == {
        ("AnotherTrainingRuns", f"Training {trained[0]} is running.")
    }


def test_a_training_that_was_aborted_holds_the_lock_no_longer(workflow):
    workflow.start("aborted")
    wait_until(lambda: workflow.holds_the_lock("aborted"))
    workflow.states.stop_execution(executionArn=workflow.describe("aborted")["executionArn"])

    workflow.start("next")

    assert workflow.end_of("next")["status"] == "SUCCEEDED"
