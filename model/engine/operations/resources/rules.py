"""Rules that all resources share: unique names, quotas, and which resources of the caller a request may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.personalize.errors import (
    InvalidInputError,
    LimitExceededError,
    ResourceAlreadyExistsError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from model.engine.personalize.tags import tagged
from model.engine.storage.control_plane.kinds import SCHEMA, AnyInternals, Kind
from model.engine.storage.control_plane.resources import FAILED, PENDING, STOPPED, Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine


def find(engine: Engine, caller: Caller, kind: Kind[AnyInternals], arn: str) -> Resource[AnyInternals]:
    """Return one of the caller's resources."""
    if not arn.startswith(caller.prefix):
        raise ResourceNotFoundError(f"there is no {kind.label} {arn}")
    return engine.resources.find(kind, arn)


def find_active(engine: Engine, caller: Caller, kind: Kind[AnyInternals], arn: str) -> Resource[AnyInternals]:
    """Return one of the caller's resources that is ready for use.

    Raises
    ------
    ResourceInUseError
        It is being created or deleted.
    InvalidInputError
        Its creation has failed or was stopped.
    """
    resource = find(engine, caller, kind, arn)
    if resource.status in {FAILED, STOPPED}:
        raise InvalidInputError(f"the {kind.label} {arn} is {resource.status} and will never be ACTIVE")
    if not resource.is_usable:
        raise ResourceInUseError(f"the {kind.label} {arn} is {resource.status}, not ACTIVE")
    return resource


def create_resource(
    engine: Engine,
    caller: Caller,
    kind: Kind[AnyInternals],
    path: str,
    document: dict[str, Any],
    internals: AnyInternals,
    status: str = PENDING,
) -> Resource[AnyInternals]:
    """Store a new resource under an ARN that is not taken.

    Parameters
    ----------
    path : str
        The end of the ARN, such as "campaign/shop".
    document : dict
        The request, to which ARN and status are added; its tags are stored apart.
    """
    arn = caller.arn(path)
    _check_new(engine, kind, arn)
    internals.tags = tagged([], document.pop("tags", None) or [])
    resource = Resource(arn, kind, {**document, kind.arn_member: arn}, internals)
    if kind is not SCHEMA:
        resource.document["status"] = status
    engine.resources.add(resource)
    return resource


def check_name(engine: Engine, caller: Caller, kind: Kind[Any], name: str) -> None:
    """Check that a name is not taken; before quotas, since clients create what may exist and go on if it does."""
    _check_new(engine, kind, caller.arn(f"{kind.name}/{name}"))


def check_quota(engine: Engine, caller: Caller, kind: Kind[Any], name: str, most: int, **members: Any) -> None:
    """Check that one more resource of a kind, of a new name and with these members, fits into its quota."""
    check_name(engine, caller, kind, name)
    count = sum(resource.arn.startswith(caller.prefix) for resource in engine.resources.of_kind(kind, **members))
    if count >= most:
        raise LimitExceededError(f"there may be {most} resources of the kind {kind.label} here, not more")


def _check_new(engine: Engine, kind: Kind[Any], arn: str) -> None:
    if arn in engine.resources:
        raise ResourceAlreadyExistsError(f"there is a {kind.label} {arn} already")


def check_not_in_use(reason: str, dependants: Sequence[Resource[Any]]) -> None:
    """Check that nothing depends on a resource."""
    if dependants:
        raise ResourceInUseError(f"{reason}: {dependants[0].arn}")
