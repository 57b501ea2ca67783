"""The table of roles and routes, asked of the policies that the authoriser returns."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backend.authorise import handler as entry
from backend.authorise.handler import AmbiguousKeyError
from backend.authorise.policy import KeyIdentity, allow, deny
from backend.authorise.stored_keys import StoredKeys
from backend.contract.access.keys import DISTRIBUTION, Key, KeyVersion, new_key, sha256_of, write_key
from backend.contract.access.roles import PAGE_ROLES, ROLES, ROUTES
from tests.factories.records import NOW
from tests.fakes.functions.keys import FakeKeyParameters

STAGE = "arn:aws:execute-api:eu-central-1:123456789012:api/v1"
KEYED = {route: access for route, access in ROUTES.items() if access.roles}
PRODUCERS: Any = ("page", "server")
KEY = new_key()


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


@pytest.mark.parametrize("route", ["POST /events", "GET /popular", "GET /train/{id}"])
def test_a_path_that_ends_in_a_slash_is_that_of_the_route(route: str):
    everything = allow(identity(*ROLES), "header", method_arn(route), "usage-")["policyDocument"]
    events = allow(identity("events:write"), "header", method_arn(route), "usage-")["policyDocument"]

    assert permits(everything, f"{method_arn(route)}/")
    assert permits(events, f"{method_arn(route)}/") == (route == "POST /events")


def test_an_unknown_key_opens_nothing():
    answered = deny(method_arn("GET /popular"))

    assert not any(permits(answered["policyDocument"], method_arn(route)) for route in ROUTES)
    assert "unknown, expired or revoked" in answered["context"]["denial"]


@pytest.mark.parametrize(
    ("roles", "producer", "route", "denial"),
    [
        (("events:write",), "server", "POST /e", "is a server's, and POST /e takes the key of a page"),
        (("train",), "page", "POST /e", "roles (train) do not permit"),
        (("read", "train"), "server", "POST /events", "roles (read, train) do not permit"),
    ],
)
def test_a_denied_key_gets_the_reason_and_the_remedy(roles: Any, producer: Any, route: str, denial: str):
    answered = allow(identity(*roles, producer=producer), ROUTES[route].credential, method_arn(route), "usage-")

    assert not permits(answered["policyDocument"], method_arn(route))
    assert denial in answered["context"]["denial"]
    # The gateway writes it into a JSON text as it is.
    assert not set('"\\\n') & set(answered["context"]["denial"])


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
        "denial": "Its roles (" + ", ".join(roles) + ") do not permit this request: make a key with another --role.",
        "name": "shop",
        "producer": "page",
        "origins": "https://a.example https://b.example",
        "roles": " ".join(roles),
        **({"reads": reads} if reads else {}),
    }
    assert (answered["principalId"], answered["usageIdentifierKey"]) == ("shop", usage)


def test_the_distribution_counts_on_a_usage_plan_of_its_own():
    key = KeyIdentity(DISTRIBUTION, ("events:write", "read:visitor"), "page", ())

    answered = allow(key, "header", method_arn("POST /events"), "usage-")

    assert (answered["usageIdentifierKey"], answered["context"]["reads"]) == ("usage-distribution", "visitors")


def test_the_key_of_a_page_writes_events_and_reads_visitors_at_most():
    assert {"events:write", "read:visitor"} == PAGE_ROLES


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    parameters: Any = FakeKeyParameters()
    monkeypatch.setenv("USAGE_PREFIX", "usage-")
    stored = StoredKeys(parameters, "/keys", lambda: 0.0, lambda _: None)
    monkeypatch.setattr(entry, "_stored_keys", lambda: stored)
    parameters.values["/keys/shop"] = write_key(
        Key("shop", ("events:write",), "page", (), (KeyVersion(sha256_of(KEY), NOW),))
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

    return ask


def test_the_key_is_where_the_route_has_it(asked: Any):
    assert asked("POST /events", {"X-Api-Key": [KEY]}, {})
    assert asked("POST /e", {}, {"key": [KEY]})
    assert not asked("POST /events", {}, {"key": [KEY]})
    assert not asked("POST /e", {"X-Api-Key": [KEY]}, {})


@pytest.mark.parametrize(
    ("route", "headers", "query"),
    [
        ("POST /e", {}, {"key": [KEY, "x"]}),
        ("POST /e", {}, {"key": ["x", KEY]}),
        ("POST /e", {}, {"key": [KEY, KEY]}),
        ("POST /events", {"x-api-key": [KEY, "x"]}, {}),
        ("POST /events", {"x-api-key": [KEY], "X-API-KEY": ["x"]}, {}),
    ],
)
def test_a_request_with_several_keys_gets_no_policy_that_could_be_cached_under_one_of_them(
    asked: Any, route: str, headers: Any, query: Any
):
    # The message makes the gateway's answer a 401.
    with pytest.raises(AmbiguousKeyError, match=r"^Unauthorized$"):
        asked(route, headers, query)


def test_a_key_is_valid_whatever_key_is_sent_where_the_route_does_not_read_one(asked: Any):
    assert asked("POST /e", {"x-api-key": ["x", "y"]}, {"key": [KEY]})
    assert asked("POST /events", {"x-api-key": [KEY]}, {"key": ["x", "y"]})


def test_without_a_key_nothing_is_permitted(asked: Any):
    assert not asked("POST /e", {}, {})
