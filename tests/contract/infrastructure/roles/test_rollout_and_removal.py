"""An apply role makes the calls of a rollout and of a removal, in its environment only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.roles.requests import OTHER, may

if TYPE_CHECKING:
    from tests.contract.infrastructure.provider_calls import Context

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
    calls_of_a_rollout = ["GetAlias", "InvokeFunction", "UpdateAlias", "ListVersionsByFunction", "DeleteFunction"]

    for action in (f"lambda:{name}" for name in calls_of_a_rollout):
        arns = [
            f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:rivulet-{name}-collect:3"
            for name in (environment, OTHER[environment])
        ]
        assert [may(plan, role, action, arn, {}) for arn in arns] == [True, False], action
    assert may(plan, role, "cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:*", {})


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
