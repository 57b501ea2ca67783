"""The boundary against the policies of the roles that the root creates: it must not take away what they grant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.infrastructure.bootstrap import role_policy
from tests.contract.infrastructure.root import ENVIRONMENT, KEY_CONTEXT
from tests.fakes.iam import is_allowed

if TYPE_CHECKING:
    from collections.abc import Iterator


def _grants(policy: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what a policy allows, wildcards as they stand, with condition keys that satisfy it."""
    for statement in policy["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        context = dict(KEY_CONTEXT)
        for keys in statement.get("Condition", {}).values():
            context |= {key: value if isinstance(value, str) else value[0] for key, value in keys.items()}
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield action, resource, context


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _refused(boundary: dict[str, Any], role_policies: dict[str, dict[str, Any]]) -> set[str]:
    return {
        f"{address}: {action} on {resource}"
        for address, policy in role_policies.items()
        for action, resource, context in _grants(policy)
        if not is_allowed(action, resource, [policy], boundary=boundary, context=context)
    }


def test_the_boundary_admits_everything_that_the_roles_policies_grant(
    plan: dict[str, Any], role_policies: dict[str, dict[str, Any]]
) -> None:
    boundary = role_policy(plan, f'aws_iam_policy.boundary["{ENVIRONMENT}"]')

    assert _refused(boundary, role_policies) == set()

    named = next(each for each in boundary["Statement"] if "sqs:SendMessage" in each["Action"])
    named["Action"].remove("sqs:SendMessage")
    assert {grant.partition(": ")[2].partition(" ")[0] for grant in _refused(boundary, role_policies)} == {
        "sqs:SendMessage"
    }


def test_the_boundary_of_another_environment_would_refuse_them(
    plan: dict[str, Any], role_policies: dict[str, dict[str, Any]]
) -> None:
    boundary = role_policy(plan, 'aws_iam_policy.boundary["dev"]')

    refused = _refused(boundary, role_policies)

    assert {address for address in role_policies if any(grant.startswith(f"{address}: ") for grant in refused)} == set(
        role_policies
    )
