"""A deploying role uses the Terraform state of its environment, and cannot change its bucket and its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.bootstrap import role_policy
from tests.contract.infrastructure.provider_calls import resources
from tests.contract.infrastructure.roles.requests import EVERYTHING, OTHER, STATE, STATE_ALIAS, may
from tests.fakes.iam import is_allowed

if TYPE_CHECKING:
    from tests.contract.infrastructure.provider_calls import Context

STATE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/state"

STATE_KEY_CONTEXT: Context = {
    "kms:ResourceAliases": ["alias/rivulet-terraform"],
    "kms:ViaService": f"s3.{REGION}.amazonaws.com",
    "aws:ResourceTag/Project": "rivulet",
}


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


@pytest.mark.parametrize("role", ["plan-dev", "plan-production", "apply-dev", "apply-production"])
def test_every_role_finds_and_decrypts_states(plan: dict[str, Any], role: str) -> None:
    assert may(plan, role, "s3:ListBucket", STATE)
    assert may(plan, role, "kms:Decrypt", STATE_KEY, STATE_KEY_CONTEXT)
    assert may(plan, role, "kms:GenerateDataKey", STATE_KEY, STATE_KEY_CONTEXT)
    assert not may(plan, role, "kms:Decrypt", STATE_KEY, {"kms:ResourceAliases": ["alias/rivulet-terraform"]})


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


def test_the_state_bucket_needs_tls(plan: dict[str, Any]) -> None:
    bucket = role_policy(plan, "aws_s3_bucket_policy.state")
    for resource in (STATE, f"{STATE}/rivulet/dev.tfstate"):
        for secure in ("true", "false"):
            context: Context = {"aws:SecureTransport": secure}
            assert is_allowed("s3:ListBucket", resource, [EVERYTHING, bucket], context=context) is (secure == "true")


def test_the_boundary_denies_the_state_whatever_it_allows(plan: dict[str, Any]) -> None:
    boundary = role_policy(plan, 'aws_iam_policy.boundary["dev"]')
    extended = boundary | {"Statement": [*boundary["Statement"], *EVERYTHING["Statement"]]}

    assert not is_allowed("s3:GetObject", f"{STATE}/rivulet/dev.tfstate", [EVERYTHING], boundary=extended)
