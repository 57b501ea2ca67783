"""The table of roles and routes, asked of the policies that the authoriser returns."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backend.authorise import handler as entry
from backend.authorise.policy import KeyIdentity, allow, deny
from backend.authorise.stored_keys import StoredKeys
from backend.contract.access.keys import Key, KeyVersion, new_key, sha256_of, write_key
from backend.contract.access.roles import PAGE_ROLES, ROLES, ROUTES
from tests.factories.records import NOW
from tests.fakes.functions.keys import FakeKeyParameters

STAGE = "arn:aws:execute-api:eu-central-1:123456789012:api/v1"
KEYED = {route: access for route, access in ROUTES.items() if access.roles}
PRODUCERS: Any = ("page", "server")


def method_arn(route: str) -> str:
    """Return the ARN of a request to a route, with slashes and colons in its parameters."""
    return f"{STAGE}/{re.sub('{[a-z_]+}', 'a:b/c', route.replace(' ', ''))}"


def permits(policy: dict[str, Any], arn: str) -> bool:
    """Return whether IAM permits the call: an Allow matches it and no Deny."""
    matching = [
        statement["Effect"]
        for statement in policy["Statement"]
        if any(re.fullmatch(re.escape(each).replace(r"\*", ".*"), arn) for each in statement["Resource"])
    ]
    return "Allow" in matching and "Deny" not in matching


def identity(*roles: Any, producer: Any = "server") -> KeyIdentity:
    return KeyIdentity("name", roles, producer, ())


@pytest.mark.parametrize("producer", PRODUCERS)
@pytest.mark.parametrize("route", KEYED)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_call_the_routes_of_the_table_and_no_other(role: str, route: str, producer: Any):
    access = KEYED[route]
    answered = allow(identity(role, producer=producer), access.credential, method_arn(route), "usage-")

    expected = role in access.roles and producer in access.producers
    assert permits(answered["policyDocument"], method_arn(route)) == expected


@pytest.mark.parametrize("called", KEYED)
def test_an_answer_is_right_for_every_route_since_the_gateway_caches_it(called: str):
    credential = KEYED[called].credential
    others = {route: access for route, access in KEYED.items() if access.credential == credential}
    policy = allow(identity("read", "train"), credential, method_arn(called), "usage-")["policyDocument"]

    assert {route for route in others if permits(policy, method_arn(route))} == {
        route for route, access in others.items() if {"read", "train"} & set(access.roles)
    }


def test_a_key_in_the_address_opens_no_route_of_the_header():
    policy = allow(identity("events:write", producer="page"), "query", method_arn("POST /e"), "usage-")[
        "policyDocument"
    ]

    assert [route for route in ROUTES if permits(policy, method_arn(route))] == ["POST /e"]


def test_an_unknown_key_opens_nothing():
    policy = deny(method_arn("GET /popular"))["policyDocument"]

    assert not any(permits(policy, method_arn(route)) for route in ROUTES)


@pytest.mark.parametrize(
    ("roles", "reads", "usage"),
    [
        (("events:write",), None, "usage-events-write"),
        (("read:visitor",), "visitors", "usage-read-visitor"),
        (("read",), "all", "usage-read"),
        (("train", "read:visitor", "read"), "all", "usage-read-visitor"),
    ],
)
def test_functions_get_who_the_caller_is(roles: Any, reads: str | None, usage: str):
    key = KeyIdentity("shop", roles, "page", ("https://a.example", "https://b.example"))
    answered = allow(key, "header", method_arn("POST /events"), "usage-")

    assert answered["context"] == {
        "name": "shop",
        "producer": "page",
        "origins": "https://a.example https://b.example",
        **({"reads": reads} if reads else {}),
    }
    assert (answered["principalId"], answered["usageIdentifierKey"]) == ("shop", usage)


def test_the_key_of_a_page_writes_events_and_reads_visitors_at_most():
    assert {"events:write", "read:visitor"} == PAGE_ROLES


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    parameters: Any = FakeKeyParameters()
    monkeypatch.setenv("USAGE_PREFIX", "usage-")
    stored = StoredKeys(parameters, "/keys", lambda: 0.0)
    monkeypatch.setattr(entry, "_stored_keys", lambda: stored)
    key = new_key()
    parameters.values["/keys/shop"] = write_key(
        Key("shop", ("events:write",), "page", (), (KeyVersion(sha256_of(key), NOW),))
    )

    def ask(route: str, headers: dict[str, list[str]], query: dict[str, list[str]]) -> bool:
        method, resource = route.split(" ")
        event = {
            "type": "REQUEST",
            "httpMethod": method,
            "resource": resource,
            "methodArn": method_arn(route),
            "multiValueHeaders": headers,
            "multiValueQueryStringParameters": query or None,
        }
        return permits(entry.handler(event, None)["policyDocument"], method_arn(route))

    return key, ask


def test_the_key_is_where_the_route_has_it(asked: Any):
    key, ask = asked

    assert ask("POST /events", {"X-Api-Key": [key]}, {})
    assert ask("POST /e", {}, {"key": [key]})
    assert not ask("POST /events", {}, {"key": [key]})
    assert not ask("POST /e", {"X-Api-Key": [key]}, {})


def test_two_keys_are_none(asked: Any):
    key, ask = asked

    assert not ask("POST /events", {"x-api-key": [key, key]}, {})
    assert not ask("POST /events", {"x-api-key": [key], "X-API-KEY": ["other"]}, {})
    assert not ask("POST /e", {}, {"key": [key, "other"]})
