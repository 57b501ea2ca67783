"""The roles of keys, and the one table of the routes that each role may call.

The authoriser's policies, the tests of access, the OpenAPI document and Terraform's routes are made of this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

Role = Literal["events:write", "data:write", "read:visitor", "read", "train"]
Producer = Literal["page", "server"]
Credential = Literal["header", "query"]

ROLES: Final[dict[Role, str]] = {
    "events:write": "sends events",
    "data:write": "uploads interactions, items and users, and reads the progress",
    "read:visitor": "reads products, and the recommendations and histories of visitors (session#…) and of the listed "
    "demonstration users",
    "read": "reads products, models, and the recommendations and histories of every user",
    "train": "starts trainings, and reads their progress and the models",
}
"""What a key of each role may do."""

PRODUCERS: Final = get_args(Producer)

PAGE_ROLES: Final[frozenset[Role]] = frozenset({"events:write", "read:visitor"})
"""The roles that the key of a page may have: every visitor of the page can see its key."""

VISITOR_PREFIX: Final = "session#"
"""The id of a user who has not logged in begins with this."""


@dataclass(frozen=True)
class Access:
    """Which keys may call a route.

    Attributes
    ----------
    roles
        A key needs one of these; without any the route needs no key.
    credential
        Where the key is: the header `x-api-key`, or the parameter `key` of the address.
    producers
        The kinds of producers whose keys are accepted.
    """

    roles: tuple[Role, ...]
    credential: Credential = "header"
    producers: tuple[Producer, ...] = ("page", "server")

    def permits(self, roles: Iterable[str], producer: str) -> bool:
        """Return whether a key of a producer with these roles may call the route, which needs one."""
        return producer in self.producers and not set(self.roles).isdisjoint(roles)


API_VERSION: Final = "1"
"""The version of the contract of these routes, as `v1` in the address."""

ROUTES: Final[dict[str, Access]] = {
    "POST /events": Access(("events:write",)),
    "POST /e": Access(("events:write",), credential="query", producers=("page",)),
    "POST /uploads": Access(("data:write",)),
    "POST /update-data": Access(("data:write",)),
    "GET /update-data/{id}": Access(("data:write",)),
    "GET /recommendations/{user_id}": Access(("read:visitor", "read")),
    "POST /recommendations": Access(("read:visitor", "read")),
    "GET /executions/{id}": Access(("read:visitor", "read")),
    "GET /similar-items/{item_id}": Access(("read:visitor", "read")),
    "GET /popular": Access(("read:visitor", "read")),
    "POST /rerank": Access(("read:visitor", "read")),
    "GET /products": Access(("read:visitor", "read")),
    "GET /products/{item_id}": Access(("read:visitor", "read")),
    "GET /categories": Access(("read:visitor", "read")),
    "GET /users/{user_id}/history": Access(("read:visitor", "read")),
    "GET /models": Access(("read", "train")),
    "GET /system-info": Access(("read", "train")),
    "POST /train": Access(("train",)),
    "GET /train/{id}": Access(("train",)),
    "GET /health": Access(()),
}
"""Every route of the API, as "METHOD /path"."""


def routes_of(roles: Iterable[str], producer: str, credential: Credential) -> list[str]:
    """Return the routes that a key may call, of those to which the key is sent by a header or by the address."""
    held = frozenset(roles)
    return [
        route for route, access in ROUTES.items() if access.credential == credential and access.permits(held, producer)
    ]


def is_visitor(user_id: str) -> bool:
    """Return whether an id is that of a user who has not logged in."""
    return user_id.startswith(VISITOR_PREFIX)


UNKNOWN_KEY: Final = "It is unknown, expired or revoked: make another by python -m deployment.keys."

SERVER_KEY: Final = (
    "It is a server's, and POST /e takes the key of a page: make one by python -m deployment.keys with "
    "--producer page, or send the events to POST /events."
)


def explain_denial(roles: Iterable[str], producer: str, credential: Credential) -> str:
    """Return why a known key may not call a route, and the remedy, as a refused request is answered."""
    if credential == "query" and producer != "page":
        return SERVER_KEY
    return f"Its roles ({', '.join(roles)}) do not permit this request: make a key with another --role."
