"""Removes what the training workflow created for an environment, and after ``terraform destroy`` its log groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployment.remove.executions import running_executions, stop_executions
from deployment.remove.leftovers import Owner, is_awaiting_deletion, remove_log_groups, tagged_resources
from deployment.remove.personalize import POLL_SECONDS, Group, RemovalError, remove, stop_trainings

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.deploy import Step

    Clients = Callable[[str], Any]

MOST_DELETED = 10
"""Most parameters of one call. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameters.html"""


def remove_environment(
    owner: Owner,
    region: str,
    clients: Clients,
    step: Step,
    *,
    campaigns_only: bool = False,
    stop_training: bool = False,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Remove an environment's resources of Personalize, and the parameters that the workflow published.

    Parameters
    ----------
    clients
        Returns a client of a service by its name in boto3.
    step
        Shows a step's title and progress.
    campaigns_only
        Whether the campaigns alone are removed.
    stop_training
        Whether a training in progress is stopped.

    Raises
    ------
    RemovalError
        Where a training is in progress, or a resource still exists after an hour.
    """
    group, stepfunctions = Group(clients("personalize"), owner.prefix), clients("stepfunctions")
    machine = state_machine_arn(owner, region, clients)
    with step("Look for trainings in progress") as bar:
        stop_executions(stepfunctions, machine, bar, is_requested=stop_training, poll_seconds=poll_seconds)
        stop_trainings(group, bar, is_requested=stop_training, poll_seconds=poll_seconds)
    if campaigns_only:
        remove(group, step, ("campaign",), poll_seconds)
    else:
        _remove_parameters(clients("ssm"), owner)
        remove(group, step, poll_seconds=poll_seconds)
    if running := running_executions(stepfunctions, machine):
        raise RemovalError(f"A training has started meanwhile: {running[0]}. Turn the schedule off and run again.")


def remove_after_destroy(owner: Owner, clients: Clients, step: Step) -> list[str]:
    """Delete the environment's log groups, and return the ARNs of its resources that are left and should not be."""
    with step("Remove log groups") as bar:
        remove_log_groups(clients("logs"), owner, bar)
    kms = clients("kms")
    return [
        arn
        for arn in tagged_resources(clients("resourcegroupstaggingapi"), owner)
        if not is_awaiting_deletion(kms, arn)
    ]


def state_machine_arn(owner: Owner, region: str, clients: Clients) -> str:
    """Return the ARN of the state machine that trains."""
    identity = clients("sts").get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return f"arn:{partition}:states:{region}:{identity['Account']}:stateMachine:{owner.prefix}-train"


def published_parameters(ssm: Any, owner: Owner) -> list[str]:
    """Return the names of the parameters that the training workflow published: the tracking id and the filters."""
    names = [f"/{owner.project}/{owner.environment}/{name}" for name in ("filters", "tracking-id")]
    return sorted(found["Name"] for found in ssm.get_parameters(Names=names)["Parameters"])


def stored_keys(ssm: Any, owner: Owner) -> list[str]:
    """Return the names of the parameters with the keys of the API, which no Terraform knows."""
    pages = ssm.get_paginator("get_parameters_by_path")
    folders = [f"/{owner.project}/{owner.environment}/{folder}" for folder in ("keys", "secrets")]
    found = [page for folder in folders for page in pages.paginate(Path=folder, Recursive=True)]
    return [parameter["Name"] for page in found for parameter in page["Parameters"]]


def _remove_parameters(ssm: Any, owner: Owner) -> None:
    """Delete the parameters, so that the next apply turns the mapping of the function forward off."""
    names = [*published_parameters(ssm, owner), *stored_keys(ssm, owner)]
    for start in range(0, len(names), MOST_DELETED):
        ssm.delete_parameters(Names=names[start : start + MOST_DELETED])
