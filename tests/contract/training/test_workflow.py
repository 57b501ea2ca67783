"""The training workflow's own parts: the lock, and the names of the jobs that it starts."""

from __future__ import annotations

import json
import re
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
        wait_until(lambda: self.describe(name)["status"] != "RUNNING", seconds=30)
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


def _names_of_jobs(workflow, name):
    """Run the states that name jobs, and return the names of an import and of a training job."""
    definition = json.loads(render(TEMPLATE.read_text(encoding="utf-8")))
    configure = definition["States"]["Configure"] | {"Next": "Name"}
    configure["Assign"]["custom"] = {"name": "c" * 38}
    assigned = definition["States"]["ImportDataSets"]["ItemProcessor"]["States"]["TakeDataSet"]["Assign"]
    output = {
        "import": assigned["import_name"],
        "training": definition["States"]["NameCustomModel"]["Assign"]["training_job"],
    }
    states = {"Configure": configure, "Name": {"Type": "Succeed", "Output": output}}
    arn = workflow.states.create_state_machine(
        name=f"names-{name}"[:80],
        definition=json.dumps(definition | {"States": states}),
        roleArn=ROLE,
    )["stateMachineArn"]
    execution = workflow.states.start_execution(stateMachineArn=arn, name=name, input='{"folder": "interactions"}')
    ended = wait_until(lambda: _ended(workflow.states.describe_execution(executionArn=execution["executionArn"])))
    assert ended["status"] == "SUCCEEDED", ended
    return json.loads(ended["output"])


def _ended(execution):
    return execution if execution["status"] != "RUNNING" else None


def test_names_of_jobs_fit_the_longest_name_of_an_execution_and_differ(workflow):
    # Given names that differ at their end only, as of rules in EventBridge, and ones that a job may not have
    executions = ["20260131T120000-1f2e3d4c", "x" * 79 + "1", "x" * 79 + "2", "a_b", "a-b", "-ab", "a" * 51]

    names = [_names_of_jobs(workflow, name) for name in executions]

    # https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html and
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    assert all(re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}", each["import"]) for each in names)
    assert all(re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", each["training"]) for each in names)
    assert all(len(each["training"]) <= 63 for each in names)
    assert len({each["import"] for each in names}) == len({each["training"] for each in names}) == len(executions)
    assert re.fullmatch(r"interactions-[0-9a-f]{40}", names[0]["import"])


def test_the_polling_interval_is_a_whole_number_of_seconds(workflow):
    locals_file = (TEMPLATE.parents[1] / "locals.tf").read_text(encoding="utf-8")
    [seconds] = re.findall(r'wait_seconds = "(.*)"', locals_file)
    states = {
        "Configure": {"Type": "Pass", "Assign": {"poll_seconds": 1}, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": seconds, "Next": "Done"},
        "Done": {"Type": "Succeed", "Output": seconds},
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Configure", "States": states}
    arn = workflow.states.create_state_machine(name="polls", definition=json.dumps(definition), roleArn=ROLE)
    execution = workflow.states.start_execution(stateMachineArn=arn["stateMachineArn"])

    ended = wait_until(lambda: _ended(workflow.states.describe_execution(executionArn=execution["executionArn"])))

    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", 1)
