"""Every recorded call against the policies of the role that makes it on AWS, and every permission against the calls."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.bootstrap import deploying_policies, role_policy
from tests.contract.infrastructure.provider_calls import CALLS, calls
from tests.contract.infrastructure.recording import calls_of, recorded_calls
from tests.fakes.iam import is_allowed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.contract.infrastructure.provider_calls import Call

# Calls that Terraform makes on the laptop only.
ON_THE_LAPTOP_ONLY = {
    "iam:GetUser": "how the provider finds the account where it does not validate credentials",
}
# The provider ignores an error of this call: internal/service/dynamodb/table.go, clearSSEDefaultKey.
REFUSED_WITHOUT_EFFECT = ("kms:DescribeKey", f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/aws/dynamodb")
DEPLOYING = ("plan", "apply")

# Permissions that no recorded call needs, as patterns of role/statement/action, by the reason for which they stay.
KEPT = {
    "users take this role, and no run does": ["analyst/*", "operator/*"],
    "the emulator reads and writes the Spark jobs' objects itself, and their logs": ["curate/*", "datasets/*"],
    "EKS is not emulated": ["engine/*"],
    "the laptop has no canary": ["canary-schedule/*", "canary/Decrypt*", "canary/Read*"],
    "on the laptop the keys of checks are made by its user": ["apply/MakeKeysOfTheApi/*"],
    "SageMaker is not emulated": [
        "sagemaker/*",
        "train-workflow/LetSageMakerEncryptItsDisks/*",
        "train-workflow/PassTheRoleOfSageMaker/*",
        "train-workflow/ReceiveTheEndOfTrainingJobs/*",
        "train-workflow/TrainCustomModels/*",
    ],
    "functions call the engine itself, which stands in for Personalize": [
        "forward/PutEventsIntoTheTracker/*",
        "recommend/DescribeTheModels/*",
        "recommend/ListTheModels/*",
        "recommend/QueryTheCampaigns/*",
    ],
    "Lambda writes a function's log and traces with its role, and the emulator without one": [
        "*/WriteItsOwnLog/*",
        "*/WriteTraces/*",
    ],
    "the engine reads objects without the role that Personalize assumes": ["personalize/DecryptTheDataSets/*"],
    "DynamoDB's documentation asks for it, and the emulator's tables decrypt only": [
        "recommend/DecryptTheTables/kms:GenerateDataKey",
    ],
    "Lambda's event source mapping and its destination, as AWS documents them; the worker needs fewer calls": [
        "forward/ListStreams/kinesis:ListStreams",
        "forward/ListTheBucketOfFailedRecords/s3:ListBucket",
        "forward/ReadTheStream/kinesis:DescribeStream",
        "forward/ReadTheStream/kinesis:DescribeStreamSummary",
        "forward/WriteFailedRecords/s3:PutObject",
    ],
    "Firehose, as AWS documents it; the worker needs fewer calls": [
        "lake-delivery/InvokeTheTransformation/lambda:GetFunctionConfiguration",
        "lake-delivery/ListTheLakesBucket/s3:*",
        "lake-delivery/ReadTheColumns/glue:GetTableVersion*",
        "lake-delivery/ReadTheStream/kinesis:DescribeStream",
        "lake-delivery/WriteEventsAndErrors/s3:AbortMultipartUpload",
        "lake-delivery/WriteEventsAndErrors/s3:GetObject",
        "served-lists-delivery/ListTheLakesBucket/s3:*",
        "served-lists-delivery/ReadTheColumns/glue:GetTableVersion*",
        "served-lists-delivery/WriteServedListsAndErrors/s3:AbortMultipartUpload",
        "served-lists-delivery/WriteServedListsAndErrors/s3:GetObject",
    ],
    "Step Functions delivers its log and waits for a job with the role, and the emulator without one": [
        "*-workflow/DeliverItsLog/*",
        "*-workflow/RunTheSparkJob/glue:*",
    ],
    "no run waits for the schedules": ["curate-schedule/*", "train-schedule/*"],
    "without it S3 answers 403 in place of 404 for a missing object": [
        "collect/ListUploadsToDetectMissingOnes/s3:ListBucket",
        "train-workflow/ListProfilesToDetectMissingOnes/s3:ListBucket",
    ],
    "the emulator checks one resource of an integration, and not the role that it passes": [
        "train-workflow/PassTheRoleOfPersonalize/iam:PassRole",
        "train-workflow/UseAmazonsRecipes/personalize:CreateSolution",
    ],
    "only where a declared filter or schema changes": [
        "train-workflow/CreateAndDescribeDeclaredResources/personalize:DeleteFilter",
        "train-workflow/CreateAndDescribeDeclaredResources/personalize:UpdateDataset",
    ],
    "only after a failure, or where two trainings start at once": [
        "collect/EncryptFailedEvents/kms:*",
        "collect/DeferAndProcessMessages/sqs:*",
        "collect/EncryptDeferredMessages/kms:*",
        "collect/SendFailedEvents/sqs:SendMessage",
        "train-workflow/FindWhoHoldsTheLockAndStopTheOthers/states:StopExecution",
    ],
    "the laptop's state is not encrypted with a key, and not locked": [
        "plan/UseTheStatesKey/*",
        "apply/EncryptTheState/*",
        "apply/UnlockTheState/*",
    ],
    "no recorded change of a setting needs it": [
        "apply/ChangeRoles/iam:UntagRole",
        "apply/ChangeRoles/iam:UpdateRole*",
        "apply/CreateRoles*Boundary/iam:PutRolePermissionsBoundary",
        "apply/TagNewResources/apigateway:PUT",
        "apply/TagNewResources/lambda:UntagResource",
        "apply/UseManagedRules/wafv2:UpdateWebACL",
    ],
    "AWS demands it of a caller that turns on the logs of an API or a state machine": [
        "apply/ChangeWhatHasNoResourceLevel/logs:*LogDelivery",
    ],
}


def of_role(caller: str, environment: str) -> list[Call]:
    """Return a role's recorded calls as AWS evaluates them."""
    made = list(calls_of(recorded_calls()[caller], environment))
    boundary = f"arn:aws:iam::{ACCOUNT_ID}:policy/rivulet-boundary-{environment}"
    for call in made:
        # The laptop's roles have no boundary.
        if call.action in {"iam:CreateRole", "iam:PutRolePolicy"}:
            call.context["iam:permissionsboundary"] = boundary
    return [
        call
        for call in made
        if call.action not in ON_THE_LAPTOP_ONLY and (call.action, call.resource) != REFUSED_WITHOUT_EFFECT
    ]


def deploying_calls(purpose: str, environment: str) -> list[Call]:
    """Return the recorded calls of a deploying role, and those that the laptop cannot show."""
    listed = [
        calls(each.read if purpose == "plan" else f"{each.read} {each.write}", environment) for each in CALLS.values()
    ]
    return [*of_role(purpose, environment), *(call for group in listed for call in group)]


def runtime_calls(environment: str) -> dict[str, list[Call]]:
    """Return the calls of each role of an environment, by its name without the prefix."""
    prefix = f"rivulet-{environment}-"
    made = {
        caller.removeprefix("rivulet-{environment}-"): of_role(caller, environment)
        for caller in recorded_calls()
        if caller.startswith("rivulet-")
    }
    for call in of_role("workers", environment):
        for role in _roles_of_worker(call, prefix):
            made.setdefault(role, []).append(call)
    made["personalize"] = of_role("engine", environment)
    return made


def _roles_of_worker(call: Call, prefix: str) -> tuple[str, ...]:
    """Return the roles with which AWS makes a call that a worker makes on the laptop; none for AWS's own."""
    if "rivulet.hidden" in call.resource:
        return ()  # where the emulator stores direct puts
    if "served_lists" in call.resource:
        return ("served-lists-delivery",)
    if call.action.startswith("kinesis:"):
        return ("forward", "lake-delivery")
    if call.action == "glue:GetTable" or f":function:{prefix}lake" in call.resource:
        return ("lake-delivery",)
    if call.action == "s3:PutObject":
        return ("forward",) if "/aws/lambda/" in call.resource else ("lake-delivery",)
    return ()


def refused(made: Iterable[Call], policies: list[dict[str, Any]], boundary: dict[str, Any] | None = None) -> set[str]:
    """Return the calls that policies do not allow."""
    return {
        f"{call.action} on {call.resource} with {call.context}"
        for call in made
        if not is_allowed(call.action, call.resource, policies, boundary=boundary, context=call.context)
    }


def unused(policy: dict[str, Any], made: Iterable[Call]) -> set[tuple[str, str]]:
    """Return the statement and the action of each permission that no call needs."""
    found = set()
    made = list(made)
    for statement in policy["Statement"]:
        actions = statement.get("Action", [])
        for action in [actions] if isinstance(actions, str) else actions:
            only = {"Statement": [statement | {"Action": action}]}
            if statement["Effect"] == "Allow" and not any(
                is_allowed(call.action, call.resource, [only], context=call.context) for call in made
            ):
                found.add((statement["Sid"], action))
    return found


@pytest.mark.parametrize("environment", ["dev", "production"])
@pytest.mark.parametrize("purpose", DEPLOYING)
def test_a_deploying_role_may_make_every_call_of_terraform(
    plan: dict[str, Any], purpose: str, environment: str
) -> None:
    policies = deploying_policies(plan, purpose, environment)

    assert refused(deploying_calls(purpose, environment), policies) == set()


def test_every_role_may_make_the_calls_of_the_demonstration(
    plan: dict[str, Any], policies_by_role: dict[str, dict[str, Any]]
) -> None:
    boundary = role_policy(plan, 'aws_iam_policy.boundary["production"]')

    for role, made in runtime_calls("production").items():
        assert refused(made, [policies_by_role[role]], boundary) == set(), role


def test_no_role_has_a_permission_without_a_use(
    plan: dict[str, Any], policies_by_role: dict[str, dict[str, Any]]
) -> None:
    made = runtime_calls("production")
    without = {
        f"{role}/{sid}/{action}"
        for role, policy in policies_by_role.items()
        for sid, action in unused(policy, made.get(role, []))
    }
    for purpose in DEPLOYING:
        made_to_deploy = deploying_calls(purpose, "production")
        for policy in deploying_policies(plan, purpose, "production", with_removal=False):
            without |= {f"{purpose}/{sid}/{action}" for sid, action in unused(policy, made_to_deploy)}

    patterns = [pattern for patterns in KEPT.values() for pattern in patterns]
    assert {each for each in without if not any(fnmatchcase(each, pattern) for pattern in patterns)} == set()
    assert {pattern for pattern in patterns if not any(fnmatchcase(each, pattern) for each in without)} == set()
