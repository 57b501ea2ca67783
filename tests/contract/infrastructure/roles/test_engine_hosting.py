"""The roles of the cluster that hosts the engine have the managed policies of EKS, and other roles have none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from deployment.terraform import INFRASTRUCTURE
from tests.contract.infrastructure.account import ACCOUNT_ID
from tests.contract.infrastructure.bootstrap import role_policy
from tests.contract.infrastructure.roles.requests import EVERYTHING, may
from tests.fakes.iam import is_allowed

if TYPE_CHECKING:
    from tests.contract.infrastructure.bootstrap import Checkout
    from tests.contract.infrastructure.provider_calls import Context


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
