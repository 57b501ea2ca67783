"""A workflow may do what its role may, where the emulator enforces IAM."""

from __future__ import annotations

import json

import pytest

from tests.fakes.emulator.cloud import run_machine, start_cloud

ARN = "arn:aws:personalize:eu-central-1:000000000000"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "personalize:CreateDatasetGroup",
            "Resource": f"{ARN}:dataset-group/mine-*",
        }
    ],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    cloud = start_cloud(tmp_path_factory.mktemp("guarded"), iam_enforced=True)
    iam = cloud.client("iam")
    iam.create_role(RoleName="workflow", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="workflow", PolicyName="own", PolicyDocument=json.dumps(POLICY))
    yield cloud
    cloud.close()


def create_group(cloud, machine: str, name: str, **arguments):
    states = cloud.client("stepfunctions")
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:personalize:createDatasetGroup",
        "Arguments": {"Name": name, **arguments},
        "End": True,
    }
    arn = states.create_state_machine(
        name=machine,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Create", "States": {"Create": state}}),
        roleArn="arn:aws:iam::000000000000:role/workflow",
    )["stateMachineArn"]
    return run_machine(states, arn)


def test_a_permitted_integration_runs(guarded):
    assert create_group(guarded, "allowed", "mine-1")["status"] == "SUCCEEDED"
    assert f"{ARN}:dataset-group/mine-1" in guarded.personalize.groups


def test_an_integration_without_permission_is_denied_before_it_runs(guarded):
    ended = create_group(guarded, "denied", "theirs-1")

    assert (ended["status"], ended["error"]) == ("FAILED", "Personalize.PersonalizeException")
    assert "is not authorized to perform: personalize:CreateDatasetGroup" in ended["cause"]
    assert f"{ARN}:dataset-group/theirs-1" not in guarded.personalize.groups


def test_tags_of_a_new_resource_need_their_own_permission(guarded):
    ended = create_group(guarded, "tagging", "mine-tagged", Tags=[{"TagKey": "Project", "TagValue": "rivulet"}])

    assert (ended["status"], ended["error"]) == ("FAILED", "Personalize.PersonalizeException")
    assert "is not authorized to perform: personalize:TagResource" in ended["cause"]
    assert f"{ARN}:dataset-group/mine-tagged" not in guarded.personalize.groups
