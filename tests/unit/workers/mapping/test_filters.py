from __future__ import annotations

from typing import Any

import pytest

from deployment.workers.mapping.filters import passes_filters
from tests.factories.workers.records import record


@pytest.mark.parametrize(
    ("pattern", "data", "passes"),
    [
        ({"data": {"type": ["View"]}}, b'{"type":"View"}', True),
        ({"data": {"type": ["View"]}}, b'{"type":"Click"}', False),
        ({"data": {"type": ["View"]}}, b"no json", False),
        ({"partitionKey": ["u-1"]}, b"no json", True),
        ({"data": {"price": [{"numeric": [">", 10, "<=", 20]}]}}, b'{"price":20}', True),
        ({"data": {"price": [{"numeric": [">", 10]}]}}, b'{"price":10}', False),
        ({"data": {"price": [{"numeric": [">", 10]}]}}, b'{"price":"11"}', False),
        ({"data": {"id": [{"prefix": "x-"}]}}, b'{"id":"x-1"}', True),
        ({"data": {"id": [{"suffix": "-1"}]}}, b'{"id":"x-1"}', True),
        ({"data": {"id": [{"equals-ignore-case": "X-1"}]}}, b'{"id":"x-1"}', True),
        ({"data": {"id": [{"exists": False}]}}, b"{}", True),
        ({"data": {"id": [{"exists": True}]}}, b"{}", False),
        ({"data": {"id": [{"anything-but": ["a"]}]}}, b'{"id":"b"}', True),
        ({"data": {"id": [{"anything-but": ["a"]}]}}, b'{"id":"a"}', False),
        ({"data": {"tags": ["b"]}}, b'{"tags":["a","b"]}', True),
        ({"data": {"on": [None]}}, b'{"on":null}', True),
        ({"data": {"n": [1]}}, b'{"n":true}', False),
        ({"data": {"$or": [{"a": [1]}, {"b": [2]}]}}, b'{"b":2}', True),
        ({"data": {"a": [1], "b": [2]}}, b'{"a":1}', False),
    ],
)
def test_patterns_match_as_eventbridge_does(pattern: dict[str, Any], data: bytes, passes: bool):
    assert passes_filters([pattern], record(data=data)) is passes


def test_one_of_several_patterns_is_enough_and_none_lets_everything_through():
    never, always = {"partitionKey": ["other"]}, {"partitionKey": ["u-1"]}

    assert passes_filters([never, always], record())
    assert not passes_filters([never], record())
    assert passes_filters([], record(data=b"no json"))
