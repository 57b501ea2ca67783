"""What bootstrap's roles may do, evaluated on the policies that it would apply."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from deployment.terraform import INFRASTRUCTURE
from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.bootstrap import deploying_policies, role_policy
from tests.contract.infrastructure.provider_calls import CALLS, calls, resources
from tests.contract.infrastructure.recording import calls_of, recorded_calls, recorded_types
from tests.fakes.iam import is_allowed

if TYPE_CHECKING:
    from tests.contract.infrastructure.bootstrap import Checkout
    from tests.contract.infrastructure.provider_calls import Call, Context

OTHER = {"dev": "production", "production": "dev"}
ROLES = ("plan", "apply")

# Types that the laptop leaves out, whose calls differ from recorded ones in the last parts of the path.
_AS_OTHER_CHILDREN_OF_AN_API = {"aws_api_gateway_integration_response", "aws_api_gateway_method_response"}
# Resources that are the account's, which every environment's roles must reach.
_SHARED = {"any", "catalog", "managed-rules", "role-of-eks", "role-of-waf"}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, white space not counted
_INLINE_POLICIES_CHARACTERS = 10_240
_MANAGED_POLICY_CHARACTERS = 6_144

STATE = f"arn:aws:s3:::rivulet-{ACCOUNT_ID}-terraform"
STATE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/state"
STATE_ALIAS = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/rivulet-terraform"
STATE_KEY_CONTEXT: Context = {
    "kms:ResourceAliases": ["alias/rivulet-terraform"],
    "kms:ViaService": f"s3.{REGION}.amazonaws.com",
    "aws:ResourceTag/Project": "rivulet",
}


def may(plan: dict[str, Any], role: str, action: str, resource: str, context: Context | None = None) -> bool:
    """Return whether a role, such as ``apply-dev``, may call an action on a resource."""
    purpose, environment = role.split("-")
    return is_allowed(action, resource, deploying_policies(plan, purpose, environment), context=context)


def refused(plan: dict[str, Any], role: str, requests: list[Call]) -> list[str]:
    """Return the requests that a role may not make."""
    return [
        f"{request.action} on {request.resource}"
        for request in requests
        if not may(plan, role, request.action, request.resource, request.context)
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

    # WAF does not evaluate a stage's tags; apigateway:SetWebACL, without which it changes nothing, does.
    assert reached <= {"wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource"}


@pytest.mark.parametrize(
    ("role", "boundary", "policy", "expected"),
    [
        ("rivulet-dev-engine-cluster", "rivulet-boundary-dev-engine", "AmazonEKSClusterPolicy", True),
        ("rivulet-dev-engine-cluster", "rivulet-boundary-dev-engine", "AdministratorAccess", False),
        ("rivulet-dev-engine-cluster", "rivulet-boundary-dev", "AmazonEKSClusterPolicy", False),
        ("rivulet-dev-engine-cluster", "rivulet-boundary-production-engine", "AmazonEKSClusterPolicy", False),
        ("rivulet-dev-collect", "rivulet-boundary-dev-engine", "AmazonEKSClusterPolicy", False),
    ],
)
def test_only_policies_of_eks_are_attached_and_only_to_the_roles_of_the_cluster(
    plan: dict[str, Any], role: str, boundary: str, policy: str, expected: bool
) -> None:
    context: Context = {
        "iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT_ID}:policy/{boundary}",
        "iam:PolicyARN": f"arn:aws:iam::aws:policy/{policy}",
    }

    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"
    assert may(plan, "apply-dev", "iam:AttachRolePolicy", arn, context) is expected


def test_bootstrap_allows_the_managed_policies_that_the_module_attaches(plan: dict[str, Any]) -> None:
    [allowed] = [
        statement["Condition"]["ArnEquals"]["iam:PolicyARN"]
        for statement in role_policy(plan, 'aws_iam_policy.engine["dev"]')["Statement"]
        if statement["Sid"] == "AttachTheirManagedPolicies"
    ]
    module = (INFRASTRUCTURE / "modules" / "engine" / "locals.tf").read_text("utf-8")

    assert {arn.rpartition("/")[2] for arn in allowed} == set(re.findall(r'"(Amazon\w+)"', module))


def test_without_hosting_no_policy_is_attached_to_a_role(bootstrap: Checkout) -> None:
    planned = bootstrap.plan(engine_hosting="{}")
    policies = [
        role_policy(planned, f'{address}["dev"]') for address in ("aws_iam_role_policy.apply", "aws_iam_policy.removal")
    ]
    addresses = {resource["address"] for resource in planned["planned_values"]["root_module"]["resources"]}

    assert not is_allowed("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT_ID}:role/any", [*policies, EVERYTHING])
    assert {address for address in addresses if "engine" in address} == set()


@pytest.mark.parametrize("environment", OTHER)
def test_an_apply_role_removes_the_recommender_of_its_environment_only(plan: dict[str, Any], environment: str) -> None:
    role, other = f"apply-{environment}", OTHER[environment]
    tags: Context = {"aws:ResourceTag/Project": "rivulet", "aws:ResourceTag/Environment": environment}

    for action, name in _REMOVALS:
        assert may(plan, role, action, _personalize(name.format(environment)), tags), action
        assert not may(
            plan, role, action, _personalize(name.format(other)), tags | {"aws:ResourceTag/Environment": other}
        )
        assert not may(plan, f"plan-{environment}", action, _personalize(name.format(environment)), tags), action
    assert not may(plan, role, "personalize:DeleteEventTracker", _personalize("event-tracker/id"), {})
    assert may(plan, role, "personalize:ListCampaigns", "*")
    assert may(plan, role, "tag:GetResources", "*")
    assert may(
        plan,
        role,
        "ssm:DeleteParameters",
        f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/rivulet/{environment}/tracking-id",
    )
    machine = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:rivulet-{environment}-train"
    assert may(plan, role, "states:ListExecutions", machine)
    assert may(plan, role, "states:StopExecution", f"{machine.replace('stateMachine', 'execution')}:id")


_REMOVALS = [
    ("personalize:DeleteCampaign", "campaign/rivulet-{}-popular"),
    ("personalize:DeleteDataset", "dataset/rivulet-{}/INTERACTIONS"),
    ("personalize:DeleteDatasetGroup", "dataset-group/rivulet-{}"),
    ("personalize:DeleteEventTracker", "event-tracker/{}"),
    ("personalize:DeleteFilter", "filter/rivulet-{}-unseen"),
    ("personalize:DeleteSchema", "schema/rivulet-{}-items-0a1b2c3d"),
    ("personalize:DeleteSolution", "solution/rivulet-{}-popular"),
    ("personalize:StopSolutionVersionCreation", "solution/rivulet-{}-popular/0a1b2c3d"),
]


def _personalize(resource: str) -> str:
    return f"arn:aws:personalize:{REGION}:{ACCOUNT_ID}:{resource}"


@pytest.mark.parametrize("environment", OTHER)
def test_an_apply_role_rolls_out_and_deletes_old_versions_of_its_environment_only(
    plan: dict[str, Any], environment: str
) -> None:
    role = f"apply-{environment}"
    calls_of_a_rollout = ["GetAlias", "UpdateAlias", "ListVersionsByFunction", "DeleteFunction"]

    for action in (f"lambda:{name}" for name in calls_of_a_rollout):
        arns = [
            f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:rivulet-{name}-collect:3"
            for name in (environment, OTHER[environment])
        ]
        assert [may(plan, role, action, arn, {}) for arn in arns] == [True, False], action
    assert may(plan, role, "cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:*", {})


def test_tags_of_one_environment_cannot_be_given_to_the_resources_of_another(plan: dict[str, Any]) -> None:
    own, foreign = resources("dev"), resources("production")
    tagging = [("kms:TagResource", "key"), ("lambda:TagResource", "tagged-mapping"), ("apigateway:PUT", "api-tags")]

    for action, resource in tagging:
        arn, context = foreign[resource]
        assert not may(plan, "apply-dev", action, arn, context | own["new-api"][1]), action
        arn, context = own[resource]
        assert not may(plan, "apply-dev", action, arn, context | foreign["new-api"][1]), action
        assert may(plan, "apply-dev", action, arn, context | own["new-api"][1]), action


@pytest.mark.parametrize(
    ("role", "action", "key", "expected"),
    [
        ("apply-dev", "s3:GetObject", "dev.tfstate", True),
        ("apply-dev", "s3:PutObject", "dev.tfstate", True),
        ("apply-dev", "s3:DeleteObject", "dev.tfstate", False),
        ("apply-dev", "s3:PutObject", "dev.tfstate.tflock", True),
        ("apply-dev", "s3:DeleteObject", "dev.tfstate.tflock", True),
        ("apply-dev", "s3:DeleteObjectVersion", "dev.tfstate.tflock", False),
        ("apply-dev", "s3:GetObject", "production.tfstate", False),
        ("apply-dev", "s3:PutObject", "production.tfstate", False),
        ("apply-dev", "s3:DeleteObject", "production.tfstate", False),
        ("apply-dev", "s3:DeleteObject", "production.tfstate.tflock", False),
        ("apply-dev", "s3:PutObject", "bootstrap.tfstate", False),
        ("apply-production", "s3:PutObject", "production.tfstate", True),
        ("apply-production", "s3:PutObject", "dev.tfstate", False),
        ("plan-dev", "s3:GetObject", "dev.tfstate", True),
        ("plan-dev", "s3:GetObject", "production.tfstate", False),
        ("plan-dev", "s3:GetObject", "bootstrap.tfstate", False),
        ("plan-dev", "s3:PutObject", "dev.tfstate", False),
        ("plan-dev", "s3:PutObject", "dev.tfstate.tflock", False),
        ("plan-dev", "s3:DeleteObject", "dev.tfstate.tflock", False),
        ("plan-production", "s3:GetObject", "production.tfstate", True),
        ("plan-production", "s3:GetObject", "dev.tfstate", False),
        ("plan-production", "s3:DeleteObject", "production.tfstate.tflock", False),
        ("plan-dev", "s3:PutObject", "dev/plans/plan.zip", True),
        ("plan-dev", "s3:GetObject", "dev/plans/plan.zip", False),
        ("plan-dev", "s3:PutObject", "production/plans/plan.zip", False),
        ("plan-dev", "s3:GetObject", "dev/releases/commit.json", True),
        ("plan-dev", "s3:PutObject", "dev/releases/commit.json", False),
        ("plan-production", "s3:GetObject", "dev/releases/commit.json", False),
        ("apply-dev", "s3:GetObject", "dev/plans/plan.zip", True),
        ("apply-dev", "s3:PutObject", "production/plans/plan.zip", False),
        ("apply-dev", "s3:GetObject", "production/plans/plan.zip", False),
        ("apply-dev", "s3:PutObject", "dev/releases/commit.json", True),
        ("apply-dev", "s3:PutObject", "production/releases/commit.json", False),
    ],
)
def test_a_role_uses_its_environments_state_only(
    plan: dict[str, Any], role: str, action: str, key: str, expected: bool
) -> None:
    assert may(plan, role, action, f"{STATE}/rivulet/{key}") is expected


@pytest.mark.parametrize(
    "action",
    [
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketAcl",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
    ],
)
def test_the_state_bucket_cannot_be_changed(plan: dict[str, Any], action: str) -> None:
    for environment in OTHER:
        assert not may(plan, f"apply-{environment}", action, STATE)
        assert may(plan, f"apply-{environment}", action, resources(environment)["bucket"][0])


@pytest.mark.parametrize("role", ["plan-dev", "plan-production", "apply-dev", "apply-production"])
def test_every_role_finds_and_decrypts_states(plan: dict[str, Any], role: str) -> None:
    assert may(plan, role, "s3:ListBucket", STATE)
    assert may(plan, role, "kms:Decrypt", STATE_KEY, STATE_KEY_CONTEXT)
    assert may(plan, role, "kms:GenerateDataKey", STATE_KEY, STATE_KEY_CONTEXT)
    assert not may(plan, role, "kms:Decrypt", STATE_KEY, {"kms:ResourceAliases": ["alias/rivulet-terraform"]})


@pytest.mark.parametrize(
    "action", ["DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "CreateGrant", "TagResource", "UpdateAlias"]
)
@pytest.mark.parametrize("environment", OTHER)
def test_the_states_key_cannot_be_changed(plan: dict[str, Any], action: str, environment: str) -> None:
    key, key_context = resources(environment)["key"]
    # Not even when it bears the environment's tags and alias as well.
    aliases = ["alias/rivulet-terraform", f"alias/rivulet-{environment}"]
    for context in (STATE_KEY_CONTEXT, STATE_KEY_CONTEXT | key_context | {"kms:ResourceAliases": aliases}):
        assert not may(plan, f"apply-{environment}", f"kms:{action}", STATE_KEY, context)
    assert may(plan, f"apply-{environment}", f"kms:{action}", key, key_context)
    assert not may(plan, f"apply-{environment}", "kms:UpdateAlias", STATE_ALIAS)


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


@pytest.mark.parametrize(("action", "resource"), FOREIGN)
def test_no_role_reaches_what_is_not_of_this_project(plan: dict[str, Any], action: str, resource: str) -> None:
    assert not any(may(plan, f"{role}-{environment}", action, resource) for role in ROLES for environment in OTHER)


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


@pytest.mark.parametrize("environment", OTHER)
def test_a_role_within_the_boundary_reaches_its_own_environment_only(plan: dict[str, Any], environment: str) -> None:
    boundary = role_policy(plan, f'aws_iam_policy.boundary["{environment}"]')
    everything = [{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]

    def bounded(action: str, resource: str, context: Context | None = None) -> bool:
        return is_allowed(action, resource, everything, boundary=boundary, context=context)

    own, foreign = resources(environment), resources(OTHER[environment])
    granted: Context = {"kms:GrantIsForAWSResource": "true"}
    for action, resource in [
        ("dynamodb:Query", "table"),
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


def test_the_policies_fit_into_iams_quotas(plan: dict[str, Any]) -> None:
    for environment in OTHER:
        for inline in (["plan", "engine_plan"], ["apply"]):
            policies = [role_policy(plan, f'aws_iam_role_policy.{name}["{environment}"]') for name in inline]
            characters = sum(len(json.dumps(policy, separators=(",", ":"))) for policy in policies)
            assert characters <= _INLINE_POLICIES_CHARACTERS
        for managed in ("boundary", "engine", "engine_boundary", "removal"):
            policy = role_policy(plan, f'aws_iam_policy.{managed}["{environment}"]')
            assert len(json.dumps(policy, separators=(",", ":"))) <= _MANAGED_POLICY_CHARACTERS


def test_one_environment_has_no_role_of_the_other(bootstrap: Checkout) -> None:
    plan = bootstrap.plan(environments='["dev"]', engine_hosting="{}", api_gateway_logging="false")
    addresses = {resource["address"] for resource in plan["planned_values"]["root_module"]["resources"]}

    assert {address for address in addresses if "production" in address or "api_gateway" in address} == set()
    assert {'aws_iam_role.plan["dev"]', 'aws_iam_role.apply["dev"]'} <= addresses


EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("apply-dev", "s3:PutObject", f"{STATE}/rivulet/production.tfstate"),
        ("apply-dev", "s3:PutBucketPolicy", STATE),
        ("apply-dev", "s3:DeleteObjectVersion", f"{STATE}/rivulet/dev.tfstate"),
        ("apply-dev", "kms:DeleteAlias", STATE_ALIAS),
        ("apply-dev", "iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT_ID}:role/rivulet-dev-collect"),
        ("apply-dev", "iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT_ID}:role/rivulet-apply-dev"),
        ("apply-dev", "iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT_ID}:policy/rivulet-boundary-dev"),
        ("plan-dev", "dynamodb:Scan", resources("dev")["table"][0]),
        ("plan-dev", "s3:GetObject", resources("dev")["object"][0]),
        ("plan-dev", "s3:GetObject", f"{STATE}/rivulet/production.tfstate"),
    ],
)
def test_denials_hold_whatever_another_policy_grants(
    plan: dict[str, Any], role: str, action: str, resource: str
) -> None:
    policies = deploying_policies(plan, *role.split("-"))

    assert not is_allowed(action, resource, [*policies, EVERYTHING])
    assert is_allowed(action, resource, [EVERYTHING])


def test_the_boundary_denies_the_state_whatever_it_allows(plan: dict[str, Any]) -> None:
    boundary = role_policy(plan, 'aws_iam_policy.boundary["dev"]')
    extended = boundary | {"Statement": [*boundary["Statement"], *EVERYTHING["Statement"]]}

    assert not is_allowed("s3:GetObject", f"{STATE}/rivulet/dev.tfstate", [EVERYTHING], boundary=extended)


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


def test_the_state_bucket_needs_tls(plan: dict[str, Any]) -> None:
    bucket = role_policy(plan, "aws_s3_bucket_policy.state")
    for resource in (STATE, f"{STATE}/rivulet/dev.tfstate"):
        for secure in ("true", "false"):
            context: Context = {"aws:SecureTransport": secure}
            assert is_allowed("s3:ListBucket", resource, [EVERYTHING, bucket], context=context) is (secure == "true")
