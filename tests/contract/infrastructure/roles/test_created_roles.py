"""The roles that a deploying role creates for functions and services stay within the environment's boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.infrastructure.account import ACCOUNT_ID
from tests.contract.infrastructure.bootstrap import role_policy
from tests.contract.infrastructure.provider_calls import resources
from tests.contract.infrastructure.roles.requests import EVERYTHING, OTHER, STATE, may
from tests.fakes.iam import is_allowed

if TYPE_CHECKING:
    from tests.contract.infrastructure.provider_calls import Context


@pytest.mark.parametrize(
    ("action", "role", "boundary", "expected"),
    [
        ("iam:CreateRole", "rivulet-dev-collect", "rivulet-boundary-dev", True),
        ("iam:PutRolePolicy", "rivulet-dev-collect", "rivulet-boundary-dev", True),
        ("iam:PutRolePermissionsBoundary", "rivulet-dev-collect", "rivulet-boundary-dev", True),
        ("iam:CreateRole", "rivulet-dev-collect", None, False),
        ("iam:CreateRole", "rivulet-dev-collect", "rivulet-boundary-production", False),
        ("iam:PutRolePolicy", "rivulet-dev-collect", None, False),
        ("iam:PutRolePermissionsBoundary", "rivulet-dev-collect", "any", False),
        ("iam:DeleteRolePermissionsBoundary", "rivulet-dev-collect", "rivulet-boundary-dev", False),
        ("iam:AttachRolePolicy", "rivulet-dev-collect", "rivulet-boundary-dev", False),
        ("iam:CreateRole", "rivulet-production-collect", "rivulet-boundary-dev", False),
        ("iam:PutRolePolicy", "rivulet-apply-dev", "rivulet-boundary-dev", False),
        ("iam:UpdateAssumeRolePolicy", "rivulet-dev-collect", None, True),
        ("iam:UpdateAssumeRolePolicy", "rivulet-apply-production", None, False),
        ("iam:UpdateAssumeRolePolicy", "rivulet-plan-production", None, False),
        ("iam:DeleteRole", "rivulet-api-gateway-logs", None, False),
        ("iam:CreateRole", "rivulet-dev-engine-nodes", "rivulet-boundary-dev-engine", True),
        ("iam:CreateRole", "rivulet-dev-collect", "rivulet-boundary-dev-engine", False),
        ("iam:PutRolePolicy", "rivulet-dev-engine-nodes", "rivulet-boundary-dev-engine", False),
    ],
)
def test_roles_are_made_with_the_environments_boundary_only(
    plan: dict[str, Any], action: str, role: str, boundary: str | None, expected: bool
) -> None:
    context: Context = {}
    if boundary is not None:
        context["iam:PermissionsBoundary"] = f"arn:aws:iam::{ACCOUNT_ID}:policy/{boundary}"

    assert may(plan, "apply-dev", action, f"arn:aws:iam::{ACCOUNT_ID}:role/{role}", context) is expected


@pytest.mark.parametrize("environment", OTHER)
def test_a_role_within_the_boundary_reaches_its_own_environment_only(plan: dict[str, Any], environment: str) -> None:
    boundary = role_policy(plan, f'aws_iam_policy.boundary["{environment}"]')

    def bounded(action: str, resource: str, context: Context | None = None) -> bool:
        return is_allowed(action, resource, [EVERYTHING], boundary=boundary, context=context)

    own, foreign = resources(environment), resources(OTHER[environment])
    granted: Context = {"kms:GrantIsForAWSResource": "true"}
    for action, resource in [
        ("dynamodb:Query", "table"),
        ("dynamodb:Scan", "table"),
        ("glue:StartJobRun", "glue-job"),
        ("kinesis:PutRecords", "stream"),
        ("lambda:InvokeFunction", "function"),
        ("logs:PutLogEvents", "log-stream"),
        ("s3:GetObject", "object"),
        ("sqs:ReceiveMessage", "queue"),
        ("sqs:SendMessage", "queue"),
        ("states:StartExecution", "state-machine"),
        ("kms:Decrypt", "key"),
    ]:
        assert bounded(action, *own[resource]), action
        assert not bounded(action, *foreign[resource]), action
    assert bounded("kms:CreateGrant", own["key"][0], own["key"][1] | granted)
    assert not bounded("kms:CreateGrant", *own["key"])
    assert not bounded("kms:CreateGrant", foreign["key"][0], foreign["key"][1] | granted)
    assert bounded("personalize:PutEvents", "*")
    for action, resource in [
        ("iam:CreateRole", own["role"][0]),
        ("iam:PassRole", own["role"][0]),
        ("lambda:UpdateFunctionCode", own["function"][0]),
        ("s3:GetObject", f"{STATE}/rivulet/{environment}.tfstate"),
        ("s3:PutBucketPolicy", own["bucket"][0]),
    ]:
        assert not bounded(action, resource), action


@pytest.mark.parametrize(
    ("role", "service", "expected"),
    [
        ("rivulet-dev-collect", "lambda.amazonaws.com", True),
        ("rivulet-dev-collect", "ec2.amazonaws.com", False),
        ("rivulet-dev-collect", None, False),
        ("rivulet-production-collect", "lambda.amazonaws.com", False),
        ("rivulet-apply-production", "lambda.amazonaws.com", False),
        ("administrator", "lambda.amazonaws.com", False),
    ],
)
def test_only_own_roles_are_passed_to_the_services_that_run_them(
    plan: dict[str, Any], role: str, service: str | None, expected: bool
) -> None:
    context: Context = {} if service is None else {"iam:PassedToService": service}

    assert may(plan, "apply-dev", "iam:PassRole", f"arn:aws:iam::{ACCOUNT_ID}:role/{role}", context) is expected


@pytest.mark.parametrize(
    ("service", "expected"),
    [("wafv2.amazonaws.com", True), ("ops.apigateway.amazonaws.com", True), ("ecs.amazonaws.com", False)],
)
def test_service_linked_roles_are_made_for_the_services_that_need_one(
    plan: dict[str, Any], service: str, expected: bool
) -> None:
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/{service}/AWSServiceRole"

    assert may(plan, "apply-dev", "iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service}) is expected
    assert not may(plan, "plan-dev", "iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service})


def test_bootstraps_policies_and_provider_cannot_be_changed(plan: dict[str, Any]) -> None:
    iam = f"arn:aws:iam::{ACCOUNT_ID}"
    for action, resource in [
        ("iam:CreatePolicyVersion", f"{iam}:policy/rivulet-boundary-dev"),
        ("iam:DeletePolicy", f"{iam}:policy/rivulet-boundary-dev"),
        ("iam:SetDefaultPolicyVersion", f"{iam}:policy/rivulet-boundary-production"),
        ("iam:UpdateOpenIDConnectProviderThumbprint", f"{iam}:oidc-provider/token.actions.githubusercontent.com"),
        ("iam:CreateUser", f"{iam}:user/rivulet-dev-me"),
        ("iam:CreateAccessKey", f"{iam}:user/me"),
    ]:
        assert not may(plan, "apply-dev", action, resource), action
