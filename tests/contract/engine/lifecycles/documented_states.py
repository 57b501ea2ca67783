"""What Amazon documents of resources: their states, what follows what, and which request is refused when.

A model for tests: pure, and without a line of the engine. Sources: API reference, `status` of each resource; developer
guide, "Deleting a dataset", "Deleting a dataset group", "Updating a campaign"; what was seen of the service (see
`conformance/rows.toml`); where all leave a choice, the engine's README.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

GONE = "gone"
CREATION = ("CREATE PENDING", "CREATE IN_PROGRESS")
SETTLED = frozenset({"ACTIVE", "CREATE FAILED", "CREATE STOPPED", "INACTIVE", GONE})
# What comes next without any request.
NEXT = {
    "CREATE PENDING": ("CREATE IN_PROGRESS",),
    "CREATE IN_PROGRESS": ("ACTIVE", "CREATE FAILED"),
    "CREATE STOPPING": ("CREATE STOPPED",),
    "DELETE PENDING": ("DELETE IN_PROGRESS",),
    "DELETE IN_PROGRESS": (GONE,),
    "STOP PENDING": ("STOP IN_PROGRESS",),
    "STOP IN_PROGRESS": ("INACTIVE",),
    "START PENDING": ("START IN_PROGRESS",),
    "START IN_PROGRESS": ("ACTIVE",),
}
DONE = ""  # a request that is not refused
EXISTS, IN_USE, NOT_FOUND = "ResourceAlreadyExistsException", "ResourceInUseException", "ResourceNotFoundException"
LIMIT, INVALID = "LimitExceededException", "InvalidInputException"

States = dict[str, str]


@dataclass(frozen=True)
class Kind:
    """A kind of resource: how its operations are called and what must go before it can go.

    Attributes
    ----------
    name : str
        Such as "event-tracker".
    holds : tuple of str
        Kinds that must be deleted before one of this kind can be; all filters of a group before a dataset of any type.
    one_per_parent : bool
        Whether a dataset group has at most one.
    most : int or None
        How many there may be, of an account or of a dataset group.
    first_state : str
        When the Create is answered.
    """

    name: str
    holds: tuple[str, ...] = ()
    one_per_parent: bool = False
    most: int | None = None
    first_state: str = "CREATE PENDING"

    @property
    def method(self) -> str:
        return self.name.replace("-", "_")

    @property
    def arn_member(self) -> str:
        first, *rest = self.name.split("-")
        return f"{first}{''.join(part.capitalize() for part in rest)}Arn"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("dataset-group", holds=("dataset", "event-tracker", "solution"), most=5),
        Kind("schema", holds=("dataset",), first_state="ACTIVE"),
        Kind("dataset", holds=("campaign", "filter", "event-tracker")),
        Kind("event-tracker", one_per_parent=True),
        Kind("solution", holds=("campaign",), most=10, first_state="ACTIVE"),
        Kind("filter", most=30),
        Kind("campaign", most=5),
    )
}


def reachable(status: str) -> set[str]:
    """Return the statuses that a resource may have reached from a status without a further request."""
    found, left = {status}, [status]
    while left:
        for following in NEXT.get(left.pop(), ()):
            if following not in found:
                found.add(following)
                left.append(following)
    return found


def later(states: States) -> list[States]:
    """Return every combination of states that resources may have reached since they had the given ones."""
    options = [sorted(reachable(status)) for status in states.values()]
    return [dict(zip(states, combination, strict=True)) for combination in itertools.product(*options)]


def use_of(parents: list[str]) -> set[str]:
    """Return how a request is refused that uses resources in these states; nothing where all may be used."""
    refusals = set()
    for status in parents:
        if status == GONE:
            refusals.add(NOT_FOUND)
        elif status in {"CREATE FAILED", "CREATE STOPPED"}:
            refusals.add(INVALID)
        elif status != "ACTIVE":
            refusals.add(IN_USE)
    return refusals


def creation(kind: Kind, own: str, parents: list[str], siblings: list[str]) -> set[str]:
    """Return the outcomes that a Create may have.

    Parameters
    ----------
    own : str
        State of the resource that has the name.
    parents : list of str
        States of those that the request names.
    siblings : list of str
        States of the others of the kind, of the account or the dataset group.

    Returns
    -------
    set of str
        Names of errors, any of which may be returned, or `DONE` alone.
    """
    refusals = use_of(parents)
    present = [status for status in siblings if status != GONE]
    if own != GONE or (kind.one_per_parent and present):
        refusals.add(EXISTS)
    if kind.most is not None and len(present) + (own != GONE) >= kind.most:
        refusals.add(LIMIT)
    return refusals or {DONE}


def deletion(own: str, dependants: list[str]) -> set[str]:
    """Return the outcomes that a Delete may have, by the states of the resource and of what depends on it."""
    if own == GONE:
        return {NOT_FOUND}
    if own not in SETTLED or any(status != GONE for status in dependants):
        return {IN_USE}
    return {DONE}
