"""The table of roles and routes, from which Terraform makes the methods, their authorisers and the usage plans."""

from __future__ import annotations

import json

from backend.contract.access.roles import ROLES, ROUTES


def access() -> str:
    """Return the roles, and for each route its roles and where its key is, as JSON."""
    routes = {
        route: {"roles": list(access.roles), "credential": access.credential if access.roles else "none"}
        for route, access in ROUTES.items()
    }
    return json.dumps({"roles": list(ROLES), "routes": routes}, indent=2) + "\n"
