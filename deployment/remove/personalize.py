"""Removes the resources of one dataset group of Personalize, in the order that the service demands.

https://docs.aws.amazon.com/personalize/latest/dg/deleting-resources.html
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deployment.deploy import Step
    from deployment.workflow import Progress

POLL_SECONDS = 15.0

# The longest time for all resources of a kind. An import, which a dataset waits for, can take longer: run again then.
_KIND_SECONDS = 3600.0

_TRAINING = {"CREATE PENDING", "CREATE IN_PROGRESS"}
_STOPPING = "CREATE STOPPING"
_DELETING = {"DELETE PENDING", "DELETE IN_PROGRESS"}


class RemovalError(Exception):
    """Resources could not be removed; the message names them and the reason."""


class TrainingRunsError(RemovalError):
    """A training is in progress, and would create again what is removed."""


@dataclass(frozen=True)
class Found:
    """An existing resource."""

    arn: str
    status: str

    @property
    def name(self) -> str:
        """Its name, or the end of its ARN where the name is no part of it."""
        return self.arn.partition("/")[2]


@dataclass(frozen=True)
class Group:
    """The resources of a dataset group by name: those that refer to it, and the schemas that are named after it."""

    personalize: Any
    name: str

    def find(self) -> list[Found]:
        """Return the dataset group, or nothing where it does not exist."""
        found = self._list("dataset_group", {})
        return [group for group in found if group.arn.endswith(f":dataset-group/{self.name}")]

    def members(self, kind: str) -> list[Found]:
        """Return the resources of a kind that refer to the dataset group."""
        return [found for group in self.find() for found in self._list(kind, {"datasetGroupArn": group.arn})]

    def of_solutions(self, kind: str) -> list[Found]:
        """Return the resources of a kind that refer to a solution of the dataset group."""
        return [
            found for solution in self.members("solution") for found in self._list(kind, {"solutionArn": solution.arn})
        ]

    def schemas(self) -> list[Found]:
        """Return the schemas that the training workflow named: <dataset group>-<data set>-<hash of the content>."""
        pattern = re.compile(rf"{re.escape(self.name)}-[a-z]+-[0-9a-f]{{8}}")
        return [schema for schema in self._list("schema", {}) if pattern.fullmatch(schema.name)]

    def delete(self, kind: str, arn: str) -> None:
        """Start the deletion of a resource."""
        getattr(self.personalize, f"delete_{kind}")(**{f"{_member(kind)}Arn": arn})

    def _list(self, kind: str, of: dict[str, str]) -> list[Found]:
        pages = self.personalize.get_paginator(f"list_{kind}s").paginate(**of)
        key = "Filters" if kind == "filter" else f"{_member(kind)}s"
        try:
            summaries = [summary for page in pages for summary in page.get(key, [])]
        except self.personalize.exceptions.ResourceNotFoundException:
            return []
        return [Found(summary[f"{_member(kind)}Arn"], summary.get("status", "ACTIVE")) for summary in summaries]


# In the order of removal. A dataset waits for the group's filters, for the event tracker and for metric attributions.
_KINDS: dict[str, Callable[[Group], list[Found]]] = {
    "campaign": lambda group: group.of_solutions("campaign"),
    "recommender": lambda group: group.members("recommender"),
    "solution": lambda group: group.members("solution"),
    "filter": lambda group: group.members("filter"),
    "event_tracker": lambda group: group.members("event_tracker"),
    "metric_attribution": lambda group: group.members("metric_attribution"),
    "dataset": lambda group: group.members("dataset"),
    "dataset_group": Group.find,
    "schema": Group.schemas,
}


def existing(group: Group) -> Iterator[tuple[str, list[Found]]]:
    """Yield the kinds of which there are resources, in the order of removal."""
    for kind, find in _KINDS.items():
        if found := find(group):
            yield _title(kind), found


def stop_trainings(group: Group, bar: Progress, *, is_requested: bool, poll_seconds: float = POLL_SECONDS) -> None:
    """Stop the versions that are being trained, and wait until they are stopped.

    Raises
    ------
    TrainingRunsError
        Where a version is being trained and its stop is not requested.
    """
    deadline = time.monotonic() + _KIND_SECONDS
    while running := [
        version for version in group.of_solutions("solution_version") if version.status in _TRAINING | {_STOPPING}
    ]:
        trained = [version for version in running if version.status in _TRAINING]
        if trained and not is_requested:
            raise TrainingRunsError(
                f"A training is in progress: {_names(trained)}. Wait for it, or use --stop-training."
            )
        for version in trained:
            _attempt(
                group, lambda arn: group.personalize.stop_solution_version_creation(solutionVersionArn=arn), version
            )
        bar.show(note=f"stopping {_names(running)}")
        _check(deadline, f"The training does not stop: {_names(running)}")
        time.sleep(poll_seconds)


def remove(
    group: Group, step: Step, kinds: tuple[str, ...] = tuple(_KINDS), poll_seconds: float = POLL_SECONDS
) -> None:
    """Remove all resources of these kinds, each kind once those of the previous kind are gone.

    A resource that is still in use is tried again. A further call continues where an interrupted one stopped.

    Parameters
    ----------
    step
        Shows a step's title and progress.

    Raises
    ------
    RemovalError
        Where resources of a kind still exist after an hour.
    """
    for kind in kinds:
        if _KINDS[kind](group):
            with step(f"Remove {_title(kind)}") as bar:
                _remove_kind(group, kind, bar, poll_seconds)


def _remove_kind(group: Group, kind: str, bar: Progress, poll_seconds: float) -> None:
    deadline = time.monotonic() + _KIND_SECONDS
    total = 0
    while found := _KINDS[kind](group):
        reason = ""
        for resource in found:
            if resource.status not in _DELETING:
                reason = _attempt(group, lambda arn: group.delete(kind, arn), resource) or reason
        total = max(total, len(found))
        bar.show(total - len(found), total, note=f"{_names(found)}{reason and f': {reason}'}")
        _check(deadline, f"Not removed in an hour: {_names(found)}. {reason}")
        time.sleep(poll_seconds)
    bar.show(total, total, note="")


def _attempt(group: Group, call: Callable[[str], Any], resource: Found) -> str:
    """Call for a resource, and return why the call is refused for the present; empty where it is not."""
    exceptions = group.personalize.exceptions
    try:
        call(resource.arn)
    except exceptions.ResourceNotFoundException:
        return ""
    except (exceptions.ResourceInUseException, exceptions.LimitExceededException) as error:
        return str(error.response["Error"]["Message"])
    return ""


def _check(deadline: float, message: str) -> None:
    if time.monotonic() > deadline:
        raise RemovalError(message.strip())


def _names(found: list[Found]) -> str:
    return ", ".join(resource.name for resource in found)


def _member(kind: str) -> str:
    first, *others = kind.split("_")
    return first + "".join(other.capitalize() for other in others)


def _title(kind: str) -> str:
    return kind.replace("_", " ") + "s"
