"""The policies of the roles fit into IAM's quotas, and deny whatever another policy grants."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.infrastructure.account import ACCOUNT_ID
from tests.contract.infrastructure.bootstrap import deploying_policies, role_policy
from tests.contract.infrastructure.provider_calls import resources
from tests.contract.infrastructure.roles.requests import EVERYTHING, OTHER, STATE, STATE_ALIAS
from tests.fakes.iam import is_allowed

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, white space not counted
_INLINE_POLICIES_CHARACTERS = 10_240

_MANAGED_POLICY_CHARACTERS = 6_144


def test_the_policies_fit_into_iams_quotas(plan: dict[str, Any]) -> None:
    for environment in OTHER:
        for inline in (["plan", "engine_plan"], ["apply"]):
            policies = [role_policy(plan, f'aws_iam_role_policy.{name}["{environment}"]') for name in inline]
            characters = sum(len(json.dumps(policy, separators=(",", ":"))) for policy in policies)
            assert characters <= _INLINE_POLICIES_CHARACTERS
        for managed in ("boundary", "engine", "engine_boundary", "removal", "web_apply", "web_plan"):
            policy = role_policy(plan, f'aws_iam_policy.{managed}["{environment}"]')
            assert len(json.dumps(policy, separators=(",", ":"))) <= _MANAGED_POLICY_CHARACTERS


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
