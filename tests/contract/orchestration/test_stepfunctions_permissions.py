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
        },
        {"Effect": "Allow", "Action": "personalize:PutUsers", "Resource": f"{ARN}:dataset/mine/USERS"},
        {
            "Effect": "Allow",
            "Action": "personalize:GetRecommendations",
            "Resource": [f"{ARN}:campaign/mine-*", f"{ARN}:filter/mine-*"],
        },
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
    return call(cloud, machine, "personalize:createDatasetGroup", {"Name": name, **arguments})


def call(cloud, machine: str, action: str, arguments):
    states = cloud.client("stepfunctions")
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:{action}",
        "Arguments": arguments,
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


PUT_USERS, PUT_EVENTS = "personalizeevents:putUsers", "personalizeevents:putEvents"
ASK = "personalizeruntime:getRecommendations"
USERS = [{"UserId": "u"}]


@pytest.mark.parametrize(
    ("action", "arguments", "refused"),
    [
        (PUT_USERS, {"DatasetArn": f"{ARN}:dataset/mine/USERS", "Users": USERS}, None),
        (PUT_USERS, {"DatasetArn": f"{ARN}:dataset/theirs/USERS", "Users": USERS}, "dataset/theirs/USERS"),
        (PUT_EVENTS, {"TrackingId": "t", "SessionId": "s", "EventList": []}, "personalize:PutEvents on resource: *"),
        (ASK, {"CampaignArn": f"{ARN}:campaign/mine-c", "FilterArn": f"{ARN}:filter/mine-f"}, None),
        (ASK, {"CampaignArn": f"{ARN}:campaign/theirs"}, "campaign/theirs"),
        (ASK, {"CampaignArn": f"{ARN}:campaign/mine-c", "FilterArn": f"{ARN}:filter/theirs"}, "filter/theirs"),
    ],
    ids=["users", "other users", "events", "question", "other campaign", "other filter"],
)
def test_events_users_and_questions_need_the_permission_for_their_resources(
    guarded, request, action, arguments, refused
):
    ended = call(guarded, request.node.callspec.id.replace(" ", "-"), action, arguments)

    if refused is None:
        assert ended["status"] == "SUCCEEDED"
    else:
        prefix = "PersonalizeRuntime" if action == ASK else "PersonalizeEvents"
        assert (ended["status"], ended["error"]) == ("FAILED", f"{prefix}.{prefix}Exception")
        assert refused in ended["cause"]
