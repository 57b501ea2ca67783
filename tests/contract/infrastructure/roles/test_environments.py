"""A deploying role reads and changes what is of its environment, and nothing of another or of another project."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from deployment.terraform import INFRASTRUCTURE
from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.provider_calls import CALLS, calls, resources
from tests.contract.infrastructure.recording import calls_of, recorded_calls, recorded_types
from tests.contract.infrastructure.roles.requests import OTHER, ROLES, may, refused

if TYPE_CHECKING:
    from tests.contract.infrastructure.bootstrap import Checkout

# Types that the laptop leaves out, whose calls differ from recorded ones in the last parts of the path.
_AS_OTHER_CHILDREN_OF_AN_API = {"aws_api_gateway_integration_response", "aws_api_gateway_method_response"}

# Resources that are the account's, which every environment's roles must reach.
_SHARED = {
    *("any", "catalog", "managed-rules", "edge-managed-rules", "role-of-eks", "role-of-waf"),
    # CloudFront gives these no tags, and their ARNs no names.
    *("origin-access-control", "response-headers-policy"),
}

FOREIGN: list[tuple[str, str]] = [
    ("s3:GetObject", "arn:aws:s3:::payroll/2026.csv"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::payroll"),
    ("dynamodb:DeleteTable", f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/payroll"),
    ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:payroll"),
    ("glue:DeleteTable", f"arn:aws:glue:{REGION}:{ACCOUNT_ID}:table/payroll/salaries"),
    ("glue:PutDataCatalogEncryptionSettings", "*"),
    ("glue:PutResourcePolicy", f"arn:aws:glue:{REGION}:{ACCOUNT_ID}:catalog"),
    ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/payroll"),
    ("logs:DeleteLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/lambda/payroll"),
    ("apigateway:DELETE", f"arn:aws:apigateway:{REGION}::/restapis/payroll"),
    ("apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/account"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:payroll"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT_ID}:role/payroll"),
]


def is_read(action: str) -> bool:
    """Return whether an action changes nothing, by the first word of its name."""
    return action.partition(":")[2].startswith(("Describe", "Get", "GET", "List", "Validate", "View"))


def resource_types() -> set[str]:
    """Return the types of the resources in the root and its modules."""
    files = [*INFRASTRUCTURE.glob("*.tf"), *INFRASTRUCTURE.glob("modules/*/*.tf")]
    return {
        name for file in files for name in re.findall(r'^resource "(aws_\w+)"', file.read_text("utf-8"), re.MULTILINE)
    }


def test_the_calls_of_every_type_of_resource_are_listed() -> None:
    assert resource_types() - set(CALLS) - recorded_types() - _AS_OTHER_CHILDREN_OF_AN_API == set()


@pytest.mark.parametrize("environment", OTHER)
def test_a_plan_role_may_read_every_resource_of_its_environment(plan: dict[str, Any], environment: str) -> None:
    requests = [call for listed in CALLS.values() for call in calls(listed.read, environment)]

    assert refused(plan, f"plan-{environment}", requests) == []


@pytest.mark.parametrize("environment", OTHER)
def test_a_plan_role_changes_nothing(plan: dict[str, Any], environment: str) -> None:
    requests = [call for listed in CALLS.values() for call in calls(listed.write, environment)]
    requests += [call for call in calls_of(recorded_calls()["apply"], environment) if not is_read(call.action)]

    assert len(refused(plan, f"plan-{environment}", requests)) == len(requests)


@pytest.mark.parametrize("environment", OTHER)
def test_a_plan_role_reads_no_data_and_no_key_of_another_api(plan: dict[str, Any], environment: str) -> None:
    role, known = f"plan-{environment}", resources(environment)
    for action, resource in [
        ("athena:GetQueryResults", "workgroup"),
        ("dynamodb:GetItem", "table"),
        ("dynamodb:Query", "table"),
        ("dynamodb:Scan", "table"),
        ("kinesis:GetRecords", "stream"),
        ("logs:GetLogEvents", "log-stream"),
        ("s3:GetObject", "object"),
        ("sqs:ReceiveMessage", "queue"),
    ]:
        assert not may(plan, role, action, *known[resource]), action
    assert not may(plan, role, "s3:GetObject", f"arn:aws:s3:::rivulet-{environment}-{ACCOUNT_ID}-artifacts/models/m")
    assert may(plan, role, "apigateway:GET", *known["api-key"])
    assert not may(plan, role, "apigateway:GET", *resources(OTHER[environment])["api-key"])
    assert not may(plan, role, "kms:Decrypt", *known["key"])


@pytest.mark.parametrize("environment", OTHER)
def test_an_apply_role_may_read_and_change_every_resource_of_its_environment(
    plan: dict[str, Any], environment: str
) -> None:
    requests = [call for listed in CALLS.values() for call in calls(f"{listed.read} {listed.write}", environment)]

    assert refused(plan, f"apply-{environment}", requests) == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("environment", OTHER)
def test_a_role_reaches_nothing_of_the_other_environment(plan: dict[str, Any], role: str, environment: str) -> None:
    own = f"{role}-{environment}"
    texts = [text for listed in CALLS.values() for text in (*listed.read.split(), *listed.write.split())]
    requests = [
        call for text in texts if text.partition("@")[2] not in _SHARED for call in calls(text, OTHER[environment])
    ]
    named = [line for line in recorded_calls()[role] if "{environment}" in line and ":catalog " not in f"{line} "]
    requests += calls_of(named, OTHER[environment])

    reached = {call.action for call in requests if may(plan, own, call.action, call.resource, call.context)}

    # WAF does not evaluate a stage's tags; apigateway:SetWebACL, without which it changes nothing, does. A new
    # distribution has no environment, and cannot get the tags of the other one.
    assert reached <= {
        *("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource"),
        "cloudfront:CreateDistribution",
    }


def test_tags_of_one_environment_cannot_be_given_to_the_resources_of_another(plan: dict[str, Any]) -> None:
    own, foreign = resources("dev"), resources("production")
    tagging = [("kms:TagResource", "key"), ("lambda:TagResource", "tagged-mapping"), ("apigateway:PUT", "api-tags")]

    for action, resource in tagging:
        arn, context = foreign[resource]
        assert not may(plan, "apply-dev", action, arn, context | own["new-api"][1]), action
        arn, context = own[resource]
        assert not may(plan, "apply-dev", action, arn, context | foreign["new-api"][1]), action
        assert may(plan, "apply-dev", action, arn, context | own["new-api"][1]), action


@pytest.mark.parametrize(("action", "resource"), FOREIGN)
def test_no_role_reaches_what_is_not_of_this_project(plan: dict[str, Any], action: str, resource: str) -> None:
    assert not any(may(plan, f"{role}-{environment}", action, resource) for role in ROLES for environment in OTHER)


def test_tags_of_another_project_do_not_open_its_resources(plan: dict[str, Any]) -> None:
    for action, name in [
        ("kms:ScheduleKeyDeletion", "key"),
        ("kms:TagResource", "key"),
        ("kms:CreateKey", "new-key"),
        ("apigateway:POST", "new-api"),
        ("apigateway:DELETE", "api"),
        ("logs:CreateLogGroup", "new-api-log-group"),
        ("logs:DeleteLogGroup", "api-log-group"),
    ]:
        arn, context = resources("dev")[name]
        foreign = {key: "payroll" if key.endswith("/Project") else value for key, value in context.items()}
        assert may(plan, "apply-dev", action, arn, context), action
        assert not may(plan, "apply-dev", action, arn, foreign), action
    for name in ("api-key", "key-for-function", "key-for-state-machine", "key-for-schedule", "key-for-s3"):
        arn, context = resources("dev")[name]
        foreign = {key: "payroll" if key.endswith("/Project") else value for key, value in context.items()}
        action = "apigateway:GET" if name == "api-key" else "kms:Decrypt"
        assert not may(plan, "plan-dev", action, arn, foreign), name


def test_a_key_with_the_alias_of_another_is_not_new(plan: dict[str, Any]) -> None:
    arn, context = resources("dev")["untagged-key"]

    assert may(plan, "apply-dev", "kms:TagResource", arn, context)
    assert not may(plan, "apply-dev", "kms:TagResource", arn, context | {"kms:ResourceAliases": ["alias/payroll"]})


def test_one_environment_has_no_role_of_the_other(bootstrap: Checkout) -> None:
    plan = bootstrap.plan(environments='["dev"]', engine_hosting="{}", api_gateway_logging="false")
    addresses = {resource["address"] for resource in plan["planned_values"]["root_module"]["resources"]}

    assert {address for address in addresses if "production" in address or "api_gateway" in address} == set()
    assert {'aws_iam_role.plan["dev"]', 'aws_iam_role.apply["dev"]'} <= addresses
