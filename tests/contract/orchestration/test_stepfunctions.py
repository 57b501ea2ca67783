"""What a workflow's author relies on: integrations, JSONata states, errors, time limits."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from tests.fakes.emulator.cloud import run_once, start_cloud
from tests.fakes.emulator.functions import make_function
from tests.fakes.emulator.personalize import SLOW, SLOW_SECONDS, THROTTLED, UNKNOWN
from tests.fakes.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/workflow"
DESCRIBE = "personalize:describeDatasetGroup"
CREATE = "personalize:createDatasetGroup"


def jsonata(states: dict[str, Any], start: str | None = None, **fields) -> str:
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": start or next(iter(states)), "States": states, **fields})


def task(action: str, arguments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a task that calls an action of an AWS SDK; it is the last state unless `Next` is given."""
    if "Next" not in fields:
        fields["End"] = True
    return {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{action}", "Arguments": arguments, **fields}


def test_a_workflow_creates_what_is_missing_and_waits_until_it_is_active(run_workflow):
    arn = "arn:aws:personalize:eu-central-1:000000000000:dataset-group/from-workflow"
    states = {
        "Describe": task(
            DESCRIBE,
            {"DatasetGroupArn": arn},
            Catch=[{"ErrorEquals": ["Personalize.ResourceNotFoundException"], "Next": "Create"}],
            Assign={"group": "{% $states.result.DatasetGroup %}"},
            Next="IsActive",
        ),
        "Create": task(CREATE, {"Name": "from-workflow"}, Next="Describe"),
        "IsActive": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $group.Status = 'ACTIVE' %}", "Next": "Done"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Describe"},
        "Done": {"Type": "Succeed", "Output": "{% $group %}"},
    }

    ended = run_workflow("creates", jsonata(states))

    group = json.loads(ended["output"])
    assert ended["status"] == "SUCCEEDED"
    assert group == {
        "Name": "from-workflow",
        "DatasetGroupArn": arn,
        "Status": "ACTIVE",
        "CreationDateTime": "2017-07-14T02:40:00.000Z",
    }


def test_members_with_acronyms_reach_the_api_and_keys_of_maps_are_data(cloud, run_workflow):
    states = {
        "Campaign": task(
            "personalize:createCampaign",
            {
                "Name": "c",
                "SolutionVersionArn": "arn:v",
                "MinProvisionedTPS": 1,
                "CampaignConfig": {"ItemExplorationConfig": {"explorationWeight": "0.3"}},
            },
            Next="Metrics",
        ),
        "Metrics": task("personalize:getSolutionMetrics", {"SolutionVersionArn": "arn:v"}),
    }

    ended = run_workflow("members", jsonata(states))

    assert json.loads(ended["output"])["Metrics"] == {"normalized_discounted_cumulative_gain_at_25": 0.25}
    sent = next(body for _, target, body in cloud.personalize.requests if target.endswith("CreateCampaign"))
    assert sent["minProvisionedTPS"] == 1
    assert sent["campaignConfig"] == {"itemExplorationConfig": {"explorationWeight": "0.3"}}


def test_a_member_that_the_api_does_not_have_fails_the_state(run_workflow):
    ended = run_workflow("unknown-member", jsonata({"Create": task(CREATE, {"name": "lower"})}))

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert "'name' is not supported" in ended["cause"]


EVENT = {"EventType": "View", "ItemId": "i1", "SentAt": "2026-11-30T12:00:00.5Z", "Properties": '{"hour": "12"}'}


def test_events_users_and_questions_reach_personalize_with_the_members_and_times_of_its_apis(cloud, run_workflow):
    events = {"TrackingId": "t", "UserId": "u", "SessionId": "s", "EventList": [EVENT]}
    users = {"DatasetArn": "arn:d", "Users": [{"UserId": "u", "Properties": '{"gender": "f"}'}]}
    question = {"CampaignArn": "arn:c", "UserId": "u", "NumResults": 5, "Context": {"DEVICE": "phone"}}
    states = {
        "Users": task("personalizeevents:putUsers", users, Next="Events"),
        "Events": task("personalizeevents:putEvents", events, Next="Ask"),
        "Ask": task("personalizeruntime:getRecommendations", question),
    }

    ended = run_workflow("real-time", jsonata(states))

    sent = {path: body for path, _, body in cloud.personalize.requests[-3:]}
    assert sent["/users"]["users"] == [{"userId": "u", "properties": '{"gender": "f"}'}]
    assert sent["/events"]["eventList"][0] == {
        "eventType": "View",
        "itemId": "i1",
        "sentAt": 1_796_040_000.5,
        "properties": '{"hour": "12"}',
    }
    assert sent["/recommendations"]["context"] == {"DEVICE": "phone"}
    assert json.loads(ended["output"]) == {"ItemList": [{"ItemId": "i1", "Score": 0.5}], "RecommendationId": "r1"}


@pytest.mark.parametrize(
    ("action", "arguments", "error"),
    [
        ("personalizeevents:putEvents", {"TrackingId": UNKNOWN}, "PersonalizeEvents.InvalidInputException"),
        ("personalizeevents:putEvents", {"EventList": [EVENT | {"SentAt": 1.0}]}, "States.Runtime"),
        ("personalizeevents:putEvents", {"EventList": [EVENT | {"SentAt": "2026-11-30T12:00:00"}]}, "States.Runtime"),
        ("personalizeevents:getRecommendations", {"CampaignArn": "arn:c"}, "States.Runtime"),
        (
            "personalizeruntime:getRecommendations",
            {"UserId": THROTTLED},
            "PersonalizeRuntime.PersonalizeRuntimeException",
        ),
    ],
)
def test_errors_of_events_and_questions_have_the_prefix_of_their_service(run_workflow, action, arguments, error):
    ended = run_workflow(f"refused-{uuid4()}", jsonata({"Call": task(action, arguments)}))

    assert ended["error"] == error


def test_branches_see_outer_variables_and_keep_their_own(run_workflow):
    def branch(value: int) -> dict[str, Any]:
        return {
            "StartAt": "Set",
            "States": {
                "Set": {"Type": "Pass", "Assign": {"mine": value}, "Next": "LetTheOtherSet"},
                "LetTheOtherSet": {"Type": "Wait", "Seconds": 1, "Next": "Give"},
                "Give": {"Type": "Succeed", "Output": "{% $mine + $outer + $states.input.base %}"},
            },
        }

    states = {
        "Set": {"Type": "Pass", "Assign": {"outer": 10}, "Next": "Both"},
        "Both": {
            "Type": "Parallel",
            "Arguments": {"base": 100},
            "Branches": [branch(1), branch(2)],
            "Assign": {"sums": "{% $states.result %}"},
            "Output": "{% $sum($states.result) %}",
            "Next": "Done",
        },
        "Done": {"Type": "Succeed", "Output": {"sums": "{% $sums %}", "total": "{% $states.input %}"}},
    }

    ended = run_workflow("parallel", jsonata(states))

    assert json.loads(ended["output"]) == {"sums": [111, 112], "total": 223}


def test_a_map_keeps_order_and_one_failing_item_fails_it_by_its_own_error(run_workflow):
    def mapped(items: list[int]) -> dict[str, Any]:
        return {
            "Each": {
                "Type": "Map",
                "Items": items,
                "MaxConcurrency": 2,
                "ItemProcessor": {
                    "StartAt": "IsEven",
                    "States": {
                        "IsEven": {
                            "Type": "Choice",
                            "Choices": [{"Condition": "{% $states.input % 2 = 0 %}", "Next": "Even"}],
                            "Default": "Odd",
                        },
                        "Even": {"Type": "Succeed", "Output": "{% $states.input * 10 %}"},
                        "Odd": {"Type": "Fail", "Error": "OddNumber", "Cause": "{% 'was ' & $string($states.input) %}"},
                    },
                },
                "Catch": [{"ErrorEquals": ["OddNumber"], "Output": "{% $states.errorOutput %}", "Next": "Caught"}],
                "Next": "Fine",
            },
            "Fine": {"Type": "Succeed"},
            "Caught": {"Type": "Succeed"},
        }

    assert json.loads(run_workflow("map-fine", jsonata(mapped([2, 4, 6])))["output"]) == [20, 40, 60]
    assert json.loads(run_workflow("map-odd", jsonata(mapped([2, 3])))["output"]) == {
        "Error": "OddNumber",
        "Cause": "was 3",
    }


def test_retries_wait_longer_each_time_up_to_the_limit(run_workflow):
    states = {
        "Describe": task(
            DESCRIBE,
            {"DatasetGroupArn": "arn:aws:personalize:::dataset-group/never"},
            Retry=[
                {
                    "ErrorEquals": ["Personalize.ResourceNotFoundException"],
                    "IntervalSeconds": 1,
                    "BackoffRate": 1000,
                    "MaxDelaySeconds": 2,
                    "MaxAttempts": 2,
                }
            ],
            Catch=[{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "Done"}],
        ),
        "Done": {"Type": "Succeed"},
    }
    started = time.monotonic()

    ended = run_workflow("retries", jsonata(states))

    assert json.loads(ended["output"]) == "Personalize.ResourceNotFoundException"
    # One second and then two; without the maximum the second pause would last longer than any test may.
    assert time.monotonic() - started >= 3


def test_parameters_are_published_and_objects_are_read_as_text(cloud, run_workflow):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="manifests", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="manifests", Key="run 1/manifest.json", Body=b'{"written": {"items": 3}}')
    states = {
        "Read": task(
            "s3:getObject",
            {"Bucket": "manifests", "Key": "run 1/manifest.json"},
            Assign={"manifest": "{% $parse($states.result.Body) %}"},
            Next="Write",
        ),
        "Write": task(
            "s3:putObject", {"Bucket": "manifests", "Key": "copy.json", "Body": "{% $manifest %}"}, Next="Publish"
        ),
        "Publish": task(
            "ssm:putParameter",
            {
                "Name": "/rivulet/test/count",
                "Type": "String",
                "Overwrite": True,
                "Value": "{% $string($manifest.written.items) %}",
            },
        ),
    }

    assert run_workflow("publishes", jsonata(states))["status"] == "SUCCEEDED"

    assert cloud.client("ssm").get_parameter(Name="/rivulet/test/count")["Parameter"]["Value"] == "3"
    assert json.loads(s3.get_object(Bucket="manifests", Key="copy.json")["Body"].read()) == {"written": {"items": 3}}


def test_an_object_that_is_missing_is_named_as_the_sdk_names_it(run_workflow):
    states = {
        "Read": task(
            "s3:getObject",
            {"Bucket": "manifests-missing", "Key": "k"},
            Catch=[{"ErrorEquals": ["S3.NoSuchBucketException"], "Next": "Done"}],
        ),
        "Done": {"Type": "Succeed"},
    }

    assert run_workflow("missing-object", jsonata(states))["status"] == "SUCCEEDED"


def test_an_error_without_a_model_is_named_by_the_sdks_base_exception(run_workflow):
    ended = run_workflow("throttled", jsonata({"Throttled": task(CREATE, {"Name": THROTTLED})}))

    assert (ended["status"], ended["error"]) == ("FAILED", "Personalize.PersonalizeException")
    assert ended["cause"] == "Rate exceeded"


@pytest.mark.parametrize(
    ("action", "arguments", "error"),
    [
        ("ssm:getParameter", {"Name": "/missing"}, "Ssm.ParameterNotFoundException"),
        ("s3:getObject", {"Bucket": "missing", "Key": "k"}, "S3.NoSuchBucketException"),
        ("personalize:describeDatasetGroup", {"DatasetGroupArn": "a"}, "Personalize.ResourceNotFoundException"),
    ],
)
def test_a_modelled_error_is_named_by_its_exception(run_workflow, action, arguments, error):
    ended = run_workflow(f"modelled-{action.partition(':')[0]}", jsonata({"Call": task(action, arguments)}))

    assert ended["error"] == error


def test_a_state_machine_ends_at_its_time_limit_even_inside_a_branch(cloud, run_workflow):
    waiting = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": 3, "Next": "Create"},
            "Create": task(CREATE, {"Name": "too-late"}),
        },
    }
    states = {"Both": {"Type": "Parallel", "Branches": [waiting], "End": True}}

    ended = run_workflow("limited", jsonata(states, TimeoutSeconds=1))
    time.sleep(3)

    assert (ended["status"], ended["error"]) == ("TIMED_OUT", "States.Timeout")
    assert not any(name.endswith("too-late") for name in cloud.personalize.groups)


def test_a_stopped_execution_starts_no_further_state(cloud):
    client = cloud.client("stepfunctions")
    states = {
        "Wait": {"Type": "Wait", "Seconds": 2, "Next": "Create"},
        "Create": task(CREATE, {"Name": "after-stop"}),
    }
    machine = client.create_state_machine(name="stopped", definition=jsonata(states), roleArn=ROLE)["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]

    client.stop_execution(executionArn=execution, error="Enough", cause="changed my mind")
    time.sleep(2.5)

    described = client.describe_execution(executionArn=execution)
    assert (described["status"], described["error"]) == ("ABORTED", "Enough")
    assert not any(name.endswith("after-stop") for name in cloud.personalize.groups)


def test_a_branch_that_is_at_work_when_the_execution_is_stopped_goes_no_further(cloud):
    client = cloud.client("stepfunctions")
    branch = {
        "StartAt": "Slow",
        "States": {
            "Slow": task("personalize:createCampaign", {"Name": SLOW, "SolutionVersionArn": "arn:v"}, Next="Create"),
            "Create": task(CREATE, {"Name": "after-slow"}),
        },
    }
    states = {"Both": {"Type": "Parallel", "Branches": [branch], "End": True}}
    machine = client.create_state_machine(name="at-work", definition=jsonata(states), roleArn=ROLE)["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    wait_until(lambda: any(body.get("name") == SLOW for _, _, body in cloud.personalize.requests))

    client.stop_execution(executionArn=execution)
    time.sleep(SLOW_SECONDS + 0.5)

    assert client.describe_execution(executionArn=execution)["status"] == "ABORTED"
    assert not any(name.endswith("after-slow") for name in cloud.personalize.groups)


def test_a_name_is_taken_once_but_the_same_request_may_be_sent_again_while_it_runs(cloud):
    client = cloud.client("stepfunctions")
    states = {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}
    machine = client.create_state_machine(name="names", definition=jsonata(states), roleArn=ROLE)["stateMachineArn"]
    first = client.start_execution(stateMachineArn=machine, name="once", input="{}")

    again = client.start_execution(stateMachineArn=machine, name="once", input="{}")
    assert again["startDate"] == first["startDate"]
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=machine, name="once", input='{"other": 1}')

    wait_until(lambda: client.describe_execution(executionArn=first["executionArn"])["status"] == "SUCCEEDED")
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=machine, name="once", input="{}")


def test_invalid_names_inputs_and_definitions_are_rejected(cloud):
    client = cloud.client("stepfunctions")
    states = {"Done": {"Type": "Succeed"}}
    machine = client.create_state_machine(name="checks", definition=jsonata(states), roleArn=ROLE)["stateMachineArn"]

    with pytest.raises(client.exceptions.InvalidName):
        client.start_execution(stateMachineArn=machine, name="a name")
    with pytest.raises(client.exceptions.InvalidExecutionInput):
        client.start_execution(stateMachineArn=machine, input="{not json")
    with pytest.raises(client.exceptions.InvalidDefinition):
        client.create_state_machine(name="broken", definition=jsonata(states, start="Nowhere"), roleArn=ROLE)


def test_a_definition_is_validated_with_the_place_of_each_fault(cloud):
    client = cloud.client("stepfunctions")
    fine = jsonata({"Wait": {"Type": "Wait", "Seconds": 1, "Next": "Done"}, "Done": {"Type": "Succeed"}})
    broken = jsonata({"Wait": {"Type": "Wait", "Seconds": 1, "Next": "Gone"}})

    assert client.validate_state_machine_definition(definition=fine)["result"] == "OK"
    answer = client.validate_state_machine_definition(definition=broken)

    assert answer["result"] == "FAIL"
    assert answer["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET"
    assert answer["diagnostics"][0]["location"] == "/States/Wait/Next"


def test_an_inner_scope_assigns_no_variable_of_an_outer_scope(cloud):
    client = cloud.client("stepfunctions")

    def definition(inner: str) -> str:
        rule = {"Condition": "{% true %}", "Assign": {inner: 1}, "Next": "Done"}
        processor = {
            "StartAt": "Set",
            "States": {"Set": {"Type": "Choice", "Choices": [rule], "Default": "Done"}, "Done": {"Type": "Succeed"}},
        }
        mapped = {"Type": "Map", "Items": [1], "ItemProcessor": processor, "Next": "Assign"}
        return jsonata({"Each": mapped, "Assign": {"Type": "Pass", "Assign": {"outer": 1}, "End": True}})

    fine, shadowing = definition("inner"), definition("outer")
    machine = client.create_state_machine(name="scopes", definition=fine, roleArn=ROLE)["stateMachineArn"]

    with pytest.raises(client.exceptions.InvalidDefinition):
        client.create_state_machine(name="shadows", definition=shadowing, roleArn=ROLE)
    with pytest.raises(client.exceptions.InvalidDefinition):
        client.update_state_machine(stateMachineArn=machine, definition=shadowing)
    answer = client.validate_state_machine_definition(definition=shadowing)

    assert answer["result"] == "FAIL"
    assert answer["diagnostics"][0]["location"] == "/States/Each/ItemProcessor/States/Set/Choices[0]/Assign"


def test_an_engine_that_is_down_raises_the_base_exception(tmp_path):
    cloud = start_cloud(tmp_path)
    try:
        cloud.personalize.close()
        ended = run_once(cloud, "down", jsonata({"Describe": task(DESCRIBE, {"DatasetGroupArn": "a"})}), 15)

        assert ended["error"] == "Personalize.PersonalizeException"
    finally:
        cloud.close()


def test_a_functions_exception_is_caught_by_its_class(cloud, run_workflow):
    source = """
class RateLimitError(Exception):
    pass

def handler(event, context):
    if event["fails"]:
        raise RateLimitError("slow down")
    return {"statusCode": 200}
"""
    function = make_function(cloud, source)

    def calling(*, fails: bool) -> str:
        states = {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": function, "Payload": {"fails": fails}},
                "Catch": [{"ErrorEquals": ["RateLimitError"], "Output": "{% $states.errorOutput %}", "Next": "Done"}],
                "Output": "{% $states.result.Payload.statusCode %}",
                "End": True,
            },
            "Done": {"Type": "Succeed"},
        }
        return jsonata(states)

    assert json.loads(run_workflow("calls", calling(fails=False))["output"]) == 200
    caught = json.loads(run_workflow("calls-and-fails", calling(fails=True))["output"])
    assert caught["Error"] == "RateLimitError"
    assert json.loads(caught["Cause"])["errorMessage"] == "slow down"
