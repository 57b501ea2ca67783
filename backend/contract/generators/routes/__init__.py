"""The API's routes: the request and the answers of each, with examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.contract.access.roles import ROLES, ROUTES, UNKNOWN_KEY, explain_denial
from backend.contract.generators.errors import NO_KEY, OTHER_USER, forbidden
from backend.contract.generators.routes.parts import answer
from backend.contract.generators.routes.producing import producing_paths
from backend.contract.generators.routes.reading import reading_paths
from backend.contract.generators.routes.recommending import recommending_paths
from backend.contract.generators.routes.training import training_paths

if TYPE_CHECKING:
    from backend.contract.generators.api import Schema

SCHEMES = {"header": "key", "query": "page_key"}
"""The security scheme of each place of a key."""


_OF_USERS = ("GET /recommendations/{user_id}", "POST /rerank", "GET /users/{user_id}/history")
"""The routes that a key of visitors may call for some users only."""


def paths() -> dict[str, Schema]:
    """Return every path with its operations, each with the roles of which a caller needs one."""
    described = {**producing_paths(), **recommending_paths(), **reading_paths(), **training_paths()}
    for route, access in ROUTES.items():
        method, path = route.split(" ")
        operation = described[path][method.lower()]
        operation["security"] = [{SCHEMES[access.credential]: [role]} for role in access.roles]
        if access.roles:
            other_role = next(role for role in ROLES if role not in access.roles)
            denied = forbidden(explain_denial([other_role], "server", access.credential))
            answers = {
                "401": answer("The request has no key, or several.", "Error", NO_KEY),
                "403": answer(
                    "The key is not valid, or does not permit this; the message says which.",
                    "Error",
                    forbidden(UNKNOWN_KEY),
                    denied=denied,
                    **({"other_user": OTHER_USER} if route in _OF_USERS else {}),
                ),
            }
            operation["responses"] = dict(sorted({**operation["responses"], **answers}.items()))
    return described
