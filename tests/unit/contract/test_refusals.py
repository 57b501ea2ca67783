"""Refused records and bodies, and their reasons."""

from __future__ import annotations

import base64
import json

import pytest

from backend.contract import REASONS, BodyRefusedError, Refusal, bad_row, read_event, read_events, read_item, read_user
from backend.contract.explanation import MAX_FIELD_LENGTH
from tests.factories.records import NOW, event_fields, event_json, impression_fields, item_fields, user_fields

LONG = "x" * 5000


def _refused(payload):
    refusal = read_event(payload, now=NOW)
    assert isinstance(refusal, Refusal)
    return refusal


@pytest.mark.parametrize(
    ("changes", "reason", "field", "rule"),
    [
        ({"timestamp": ...}, "missing_field", "timestamp", "is required"),
        ({"item_id": ...}, "missing_field", "item_id", "is required, except for a Search"),
        ({"item_id": None}, "missing_field", "item_id", "is required, except for a Search"),
        ({"user_id": ..., "session_id": ...}, "no_identity", "user_id", "no session_id"),
        ({"colour": "red"}, "unknown_field", "colour", "is not a known field"),
        ({"user_id": 7}, "wrong_type", "user_id", "must be a string"),
        ({"event_value": "7"}, "wrong_type", "event_value", "must be a number"),
        ({"event_value": True}, "wrong_type", "event_value", "must be a number"),
        ({"event_value": 1e39}, "out_of_range", "event_value", "must be at most 3.40282e+38"),
        ({"event_value": -1e300}, "out_of_range", "event_value", "must be at least -3.40282e+38"),
        ({"properties": []}, "wrong_type", "properties", "must be an object"),
        ({"properties": {"a": {"b": 1}}}, "wrong_type", "properties.a", "must be a string, a number"),
        ({"impression": "i-1"}, "wrong_type", "impression", "must be an array"),
        ({"timestamp": 1769860800}, "wrong_type", "timestamp", "RFC 3339"),
        ({"timestamp": "yesterday"}, "wrong_type", "timestamp", "RFC 3339"),
        ({"timestamp": "2026-01-31T12:00:00"}, "wrong_type", "timestamp", "with an offset"),
        ({"timestamp": "1994-12-31T23:59:59Z"}, "too_old", "timestamp", "1995"),
        ({"timestamp": "0001-01-01T00:00:00+23:00"}, "too_old", "timestamp", "1995"),
        ({"received_at": "0001-01-01T00:00:00+12:00"}, "too_old", "received_at", "1900"),
        ({"received_at": "9999-12-31T23:59:59-12:00"}, "in_future", "received_at", "2200"),
        ({"timestamp": "2026-02-01T00:15:01Z"}, "in_future", "timestamp", "15 minutes"),
        ({"timestamp": "9999-12-31T23:59:59-12:00"}, "in_future", "timestamp", "15 minutes"),
        ({"user_id": "x" * 257}, "too_long", "user_id", "at most 256 characters"),
        ({"item_id": ""}, "empty", "item_id", "must not be empty"),
        ({"impression": []}, "empty", "impression", "must not be empty"),
        ({"impression": ["i"] * 26}, "too_many", "impression", "at most 25"),
        ({"impression": ["i", "x" * 257]}, "too_long", "impression[1]", "at most 256"),
        ({"recommendation_id": "x" * 41}, "too_long", "recommendation_id", "at most 40"),
        ({"event_type": "Stare"}, "unknown_value", "event_type", '"View"'),
        ({"schema_version": "2"}, "unknown_value", "schema_version", '"1"'),
        ({"consent": "maybe"}, "unknown_value", "consent", '"denied"'),
        ({"session_id": "a\u0000b"}, "control_character", "session_id", "control character"),
        ({"session_id": "a\nb"}, "control_character", "session_id", "control character"),
        ({"session_id": "ab\n"}, "control_character", "session_id", "control character"),
        ({"session_id": "a\u007fb"}, "control_character", "session_id", "control character"),
        ({"properties": {"a": "\u001b[2J"}}, "control_character", "properties.a", "control character"),
        ({"properties": {"a\tb": 1}}, "control_character", "properties.a?b", "control character"),
        ({"properties": {"a": 2**53}}, "out_of_range", "properties.a", "2^53"),
        ({"properties": {"a": "x" * 1024}}, "too_large", "properties", "1024 bytes"),
        ({"properties": {str(index): 1 for index in range(26)}}, "too_many", "properties", "at most 25"),
        ({"impression": ["é" * 256] * 25}, "too_large", "event", "10240 bytes"),
        ({"user_id": "undefined"}, "placeholder_id", "user_id", "leave the field out"),
        ({"user_id": "NULL"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": " null"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": "nULL "}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": "\u00a0"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": "\u3000\u2028"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": "\u200b"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": "\ufeffnull"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": "<nil>"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": r"\N"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": "USER_ID"}, "placeholder_id", "user_id", "placeholder"),
        ({"user_id": "session#s"}, "placeholder_id", "user_id", "send the session_id alone"),
        ({"session_id": "[object Object]"}, "placeholder_id", "session_id", "placeholder"),
        ({"session_id": "[object Undefined]"}, "placeholder_id", "session_id", "placeholder"),
        ({"item_id": "NaN"}, "placeholder_id", "item_id", "placeholder"),
        ({"item_id": "None"}, "placeholder_id", "item_id", "placeholder"),
        ({"event_id": "(null)"}, "placeholder_id", "event_id", "placeholder"),
        ({"visitor_id": "   "}, "placeholder_id", "visitor_id", "placeholder"),
        ({"recommendation_id": "undefined"}, "placeholder_id", "recommendation_id", "placeholder"),
        ({"impression": ["i-1", "null"]}, "placeholder_id", "impression[1]", "placeholder"),
        ({"event_type": "Purchase", "order_id": "null"}, "placeholder_id", "order_id", "placeholder"),
        ({"order_id": "o-1"}, "misplaced_field", "order_id", "is for a Purchase only"),
        ({"quantity": 2}, "misplaced_field", "quantity", "is for Purchase"),
        ({"event_type": "Purchase", "quantity": 1.5}, "wrong_type", "quantity", "whole number"),
        ({"event_type": "Purchase", "quantity": 0}, "out_of_range", "quantity", "at least 1"),
        ({"event_type": "Purchase", "quantity": 2**80}, "out_of_range", "quantity", "at most 10000"),
        ({"event_type": "Purchase", "currency": "EUR"}, "misplaced_field", "currency", "event_value"),
        ({"event_value": 1.0, "currency": "eur"}, "unknown_value", "currency", "ISO 4217"),
        ({"position": 10_001}, "out_of_range", "position", "at most 10000"),
        ({"positions": [1]}, "misplaced_field", "positions", "is for an Impression only"),
        ({"slot": "x" * 257}, "too_long", "slot", "at most 256"),
        ({"device": 3}, "wrong_type", "device", "must be a string"),
        ({"producer": "me"}, "unknown_value", "producer", '"page"'),
    ],
)
def test_a_broken_rule_is_named_with_its_field(changes, reason, field, rule):
    refusal = read_event(event_json(**changes), now=NOW)

    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert refusal.reason in REASONS
    assert refusal.errors[0].field == field
    assert rule in refusal.errors[0].rule


@pytest.mark.parametrize(
    ("changes", "reason", "field", "rule"),
    [
        ({"impression": ...}, "missing_field", "impression", "is required"),
        ({"item_id": "i-1"}, "misplaced_field", "item_id", "must not be in an Impression"),
        ({"event_value": 1.0}, "misplaced_field", "event_value", "must not be in an Impression"),
        ({"position": 1}, "misplaced_field", "position", "must not be in an Impression"),
        ({"order_id": "o-1"}, "misplaced_field", "order_id", "for a Purchase only"),
        ({"quantity": 1}, "misplaced_field", "quantity", "only"),
        ({"user_id": ..., "session_id": ...}, "no_identity", "user_id", "no session_id"),
        ({"impression": ["i-1", "i-1"]}, "repeated_value", "impression", "each item once"),
        ({"positions": [1]}, "wrong_positions", "positions", "as many"),
        ({"positions": [2, 1]}, "wrong_positions", "positions", "rising"),
        ({"positions": [2, 2]}, "wrong_positions", "positions", "rising"),
        ({"positions": [0, 1]}, "out_of_range", "positions[0]", "at least 1"),
    ],
)
def test_a_list_that_breaks_a_rule_is_refused(changes, reason, field, rule):
    refusal = _refused(json.dumps(impression_fields(**changes)).encode())

    assert refusal.reason == reason
    assert refusal.reason in REASONS
    assert refusal.errors[0].field == field
    assert rule in refusal.errors[0].rule


@pytest.mark.parametrize("changes", [{}, {"positions": [4, 9]}, {"user_id": ...}, {"impression": ["i"] * 1}])
def test_a_list_that_was_seen_is_an_event(changes):
    event = read_event(json.dumps(impression_fields(**changes)).encode(), now=NOW)

    assert not isinstance(event, Refusal)
    assert event.item_id is None


@pytest.mark.parametrize("user_id", ["nullify", "Anonymous", "0", "NaN-7", "-", " u", "impression", "Timestamp"])
def test_an_id_that_only_resembles_a_placeholder_is_accepted(user_id):
    assert not isinstance(read_event(event_json(user_id=user_id), now=NOW), Refusal)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b'{"event_type":', "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (event_json().replace(b"u-1", b"\xff"), "malformed_json"),
        (event_json().replace(b"u-1", b"\\ud800"), "malformed_json"),
        (event_json().replace(b"u-1", b"a\x01"), "malformed_json"),
        (event_json()[:-1] + b',"user_id":3,"user_id":"u"}', "malformed_json"),
        (event_json()[:-1] + b',"event_value":NaN}', "out_of_range"),
        (event_json()[:-1] + b',"event_value":1e999}', "out_of_range"),
        (event_json()[:-1] + b',"event_value":1' + b"0" * 5000 + b"}", "malformed_json"),
        (event_json() + b"x", "malformed_json"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"[" * 100_000, "malformed_json"),
        (b'{"a":' * 100_000, "malformed_json"),
    ],
)
def test_bytes_that_are_not_an_event_are_refused_with_their_payload(payload, reason):
    refusal = read_event(payload, now=NOW)

    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert refusal.payload == payload


@pytest.mark.parametrize(
    ("addition", "field"),
    [
        (b',"consent":"denied","consent":"granted"', "consent"),
        (b',"consent":"granted" , "\\u0063onsent" : "granted"', "consent"),
        (b',"user_id"\n:\t"u-1"', "user_id"),
        (b',"event_value":null,"event_value":3', "event_value"),
        (b',"schema_version":"1","schema_version":"1"', "schema_version"),
        (b',"session_id":"a\\u0022\\u003ab"', "session_id"),
    ],
)
def test_a_field_that_is_stated_twice_is_refused(addition, field):
    payload = event_json()[:-1] + addition + b"}"
    others = [event_json(event_id="e-2", consent=...), event_json(event_id="e-3", properties={"consent": "x"})]

    for refusal in (_refused(payload), read_events(b"[" + b",".join([*others, payload]) + b"]", now=NOW)[2]):
        assert isinstance(refusal, Refusal)
        assert (refusal.reason, refusal.errors[0].field) == ("malformed_json", field)


@pytest.mark.parametrize("read", [read_item, read_user])
def test_an_item_or_user_that_states_a_field_twice_is_refused(read):
    fields = item_fields() if read is read_item else user_fields()

    refusal = read(json.dumps(fields).encode()[:-1] + b',"created_at":null,"created_at":"2026-01-31T12:00:00Z"}')

    assert isinstance(refusal, Refusal)
    assert refusal.errors[0].field == "created_at"


def test_names_and_quotes_inside_values_are_no_repeated_field():
    payload = event_json(item_id='a":"user_id":"b', properties={"user_id": "u", "é": "\u0063onsent", "consent": None})

    assert not isinstance(read_event(payload, now=NOW), Refusal)


def test_at_most_ten_broken_rules_are_named():
    # Given an event with forty unknown fields
    payload = event_json(**{f"f{index}": 1 for index in range(40)}, user_id=3)

    refusal = _refused(payload)

    assert refusal.errors[0].field == "user_id"
    assert len(refusal.errors) == 10


def test_neither_values_nor_long_names_are_echoed():
    # Given values and names that are long or personal
    payload = event_json(
        user_id="jane@example.org" + LONG, event_type="secret", **{LONG: "private"}, event_value="hidden"
    )

    errors = str(_refused(payload).errors)

    assert not any(word in errors for word in ("jane", "secret", "private", "hidden"))
    assert "x" * (MAX_FIELD_LENGTH + 1) not in errors


def test_null_means_absent_and_a_search_needs_no_item():
    event = read_event(event_json(event_type="Search", item_id=None, event_value=None), now=NOW)

    assert not isinstance(event, Refusal)
    assert event.item_id is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed_json"),
        (b"  ", "malformed_json"),
        (b"{]", "malformed_json"),
        (b"[{}", "malformed_json"),
        (b"[{},]", "malformed_json"),
        (b"3", "wrong_type"),
        (b"null", "wrong_type"),
        (b'"x"', "wrong_type"),
        (b"[]", "empty"),
        (b"[" + b",".join([b"{}"] * 501) + b"]", "too_many"),
        (b"[" + b",".join([event_json()] * 501) + b"]", "too_many"),
    ],
)
def test_a_body_that_is_not_a_list_of_events_is_refused_as_a_whole(body, reason):
    with pytest.raises(BodyRefusedError) as refused:
        read_events(body, now=NOW)

    assert refused.value.reason == reason


def test_of_500_events_only_the_invalid_one_is_refused():
    events = [event_fields(event_id=f"e-{index}") for index in range(500)]
    events[250]["user_id"] = 3

    read = read_events(json.dumps(events).encode(), now=NOW)

    assert [index for index, event in enumerate(read) if isinstance(event, Refusal)] == [250]


@pytest.mark.parametrize(
    ("read", "fields", "reason", "field"),
    [
        (read_item, item_fields(item_id=...), "missing_field", "item_id"),
        (read_item, item_fields(price=-1), "out_of_range", "price"),
        (read_item, item_fields(price=1e39), "out_of_range", "price"),
        (read_item, item_fields(title="a\nb"), "control_character", "title"),
        (read_item, item_fields(description="a\x0bb"), "control_character", "description"),
        (read_item, item_fields(description="x" * 20_001), "too_long", "description"),
        (read_item, item_fields(created_at="1899-12-31T00:00:00Z"), "too_old", "created_at"),
        (read_user, user_fields(birthday="1999-09-09"), "unknown_field", "birthday"),
        (read_user, user_fields(user_id=3), "wrong_type", "user_id"),
        (read_user, user_fields(user_id="undefined"), "placeholder_id", "user_id"),
        (read_user, user_fields(country=""), "empty", "country"),
        (read_item, item_fields(item_id=" "), "placeholder_id", "item_id"),
    ],
)
def test_an_invalid_item_or_user_is_refused(read, fields, reason, field):
    refusal = read(json.dumps(fields).encode())

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.errors[0].field) == (reason, field)


def test_a_bad_row_has_the_reasons_and_the_bytes():
    payload = event_json(event_id="e-9", user_id=3)
    refusal = _refused(payload)

    line = bad_row("collect", refusal, NOW)

    assert line.endswith(b"\n")
    assert json.loads(line) == {
        "schema_version": "1",
        "source": "collect",
        "reason": "wrong_type",
        "errors": [{"field": "user_id", "rule": "must be a string"}],
        "payload": base64.b64encode(payload).decode(),
        "received_at": "2026-02-01T00:00:00.000Z",
        "event_id": "e-9",
    }


@pytest.mark.parametrize("payload", [b"\xff", b"[]", event_json(event_id=7), event_json(event_id="x" * 300)])
def test_a_bad_row_without_a_readable_id_has_none(payload):
    refusal = Refusal("wrong_type", (), payload)

    assert "event_id" not in json.loads(bad_row("collect", refusal, NOW))
