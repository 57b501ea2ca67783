"""Rules that all resources share: names are taken once, only one's own are found, only ACTIVE ones are used."""

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
from model.engine.storage.control_plane.resources import ACTIVE, FAILED, PENDING, STOPPED, Resource

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine


def find(engine: Engine, caller: Caller, kind: str, arn: str) -> Resource:
    """Return one of the caller's resources.

    Raises
    ------
    ResourceNotFoundError
        There is none in the caller's account and region.
    """
    if not arn.startswith(caller.prefix):
        raise ResourceNotFoundError(f"there is no {kind.replace('-', ' ')} {arn}")
    return engine.resources.find(kind, arn)


def find_active(engine: Engine, caller: Caller, kind: str, arn: str) -> Resource:
    """Return one of the caller's resources that is ready for use.

    Raises
    ------
    ResourceInUseError
        It is being created or deleted.
    InvalidInputError
        Its creation has failed or was stopped.
    """
    found = find(engine, caller, kind, arn)
    if found.status in {FAILED, STOPPED}:
        raise InvalidInputError(f"the {kind.replace('-', ' ')} {arn} is {found.status} and will never be ACTIVE")
    if found.status != ACTIVE:
        raise ResourceInUseError(f"the {kind.replace('-', ' ')} {arn} is {found.status}, not ACTIVE")
    return found


def claim(engine: Engine, caller: Caller, kind: str, path: str, document: dict[str, Any], **private: Any) -> Resource:
    """Keep a new resource under an ARN that is not taken.

    Parameters
    ----------
    path : str
        The end of the ARN, such as "campaign/shop".
    document : dict
        The request, to which ARN and status are added; its tags are kept apart.
    **private
        What only the engine knows.
    """
    arn = caller.arn(path)
    if arn in engine.resources:
        raise ResourceAlreadyExistsError(f"there is a {kind.replace('-', ' ')} {arn} already")
    tags = tagged([], document.pop("tags", None) or [])
    resource = Resource(arn, kind, {**document, arn_member(kind): arn}, {**private, "tags": tags})
    if kind != "schema":
        resource.document["status"] = PENDING
    engine.resources.add(resource)
    return resource


def arn_member(kind: str) -> str:
    """Return the name of the member that has the ARN, such as datasetGroupArn for dataset-group."""
    first, *rest = kind.split("-")
    return f"{first}{''.join(part.capitalize() for part in rest)}Arn"


def check_quota(engine: Engine, caller: Caller, kind: str, most: int, **members: Any) -> None:
    """Check that one more resource of a kind fits into its quota.

    Parameters
    ----------
    **members
        Only resources whose documents have these count.
    """
    mine = [one for one in engine.resources.of_kind(kind, **members) if one.arn.startswith(caller.prefix)]
    if len(mine) >= most:
        raise LimitExceededError(f"there may be {most} resources of the kind {kind.replace('-', ' ')} here, not more")


def refuse_while(reason: str, dependants: list[Resource]) -> None:
    """Refuse a request as long as something depends on the resource.

    Parameters
    ----------
    reason : str
        Such as "campaigns use the solution".
    """
    if dependants:
        raise ResourceInUseError(f"{reason}: {dependants[0].arn}")
