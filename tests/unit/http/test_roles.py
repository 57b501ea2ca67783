"""Each function refuses what the authoriser has to refuse: a request without a key, or with one of other roles."""

from __future__ import annotations

from typing import Any

import pytest

from backend.contract.access.roles import PRODUCERS, ROLES, ROUTES
from tests.fakes.functions.whole_api import WholeApi

KEYED = [route for route, access in ROUTES.items() if access.roles]
CALLERS = [(role, producer) for role in ROLES for producer in PRODUCERS]


def status_of(api: WholeApi, route: str, authorizer: dict[str, Any] | None) -> int:
    # No route takes this parameter, so that a permitted request ends at once, mostly with 400.
    unknown = {"unknown": ["1"]}
    context = {"requestId": "request-1", "authorizer": authorizer}
    path = {"id": "x", "user_id": "session#s", "item_id": "x"}
    sent = {"requestContext": context, "multiValueQueryStringParameters": unknown, "pathParameters": path}
    return api.send(route, {}, **sent)[0]


@pytest.mark.parametrize("route", KEYED)
def test_a_route_is_for_the_roles_and_producers_of_the_table(route: str, monkeypatch: pytest.MonkeyPatch):
    api, access = WholeApi(monkeypatch), ROUTES[route]

    refused = {
        (role, producer)
        for role, producer in CALLERS
        if status_of(api, route, {"producer": producer, "roles": f"other {role}", "reads": "all"}) == 403
    }

    permitted = {(role, producer) for role in access.roles for producer in access.producers}
    assert refused == set(CALLERS) - permitted
    assert status_of(api, route, None) == 403


def test_an_answer_that_the_gateway_cached_before_authorisers_stated_roles_is_valid(monkeypatch: pytest.MonkeyPatch):
    assert status_of(WholeApi(monkeypatch), "GET /models", {"producer": "server"}) == 400
