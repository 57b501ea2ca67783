"""What `send` accepts, refuses and adds."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from backend.client import Client, Event, InvalidEventError
from backend.contract import Refusal, event_id_of, read_event
from tests.factories.records import NOW, event_fields, event_json, full_event_fields
from tests.fakes.client.transport import FakeTransport


@pytest.fixture
def transport():
    return FakeTransport()


@pytest.fixture
def client(transport):
    with Client(transport, background=False) as client:
        yield client


def sent(client, transport):
    client.flush()
    return [msgspec.json.decode(payload) for payload in transport.accepted]


def test_an_event_arrives_in_its_canonical_form_without_what_the_api_sets(client, transport):
    assert client.send(full_event_fields()) == "e-1"

    (arrived,) = sent(client, transport)
    assert arrived == full_event_fields(received_at=..., producer=...)


@pytest.mark.parametrize(
    "event",
    [event_fields(event_id=...), event_json(event_id=...), Event(**event_fields(event_id=..., timestamp=NOW))],
    ids=["mapping", "bytes", "struct"],
)
def test_an_event_without_an_id_gets_the_one_that_the_api_would_derive(client, transport, event):
    event_id = client.send(event)

    (arrived,) = sent(client, transport)
    read = read_event(msgspec.json.encode({**arrived, "event_id": None}), now=NOW)
    assert not isinstance(read, Refusal)
    assert event_id == arrived["event_id"] == event_id_of(read)


def test_an_event_without_a_timestamp_gets_the_time_of_now(client, transport):
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    client.send(event_fields(timestamp=...))

    (arrived,) = sent(client, transport)
    assert before <= datetime.fromisoformat(arrived["timestamp"]) <= datetime.now(UTC)


def test_a_later_change_of_the_object_does_not_change_what_is_sent(client, transport):
    event = event_fields(properties={"page": 1})
    client.send(event)
    event["properties"]["page"] = 2

    assert sent(client, transport)[0]["properties"] == {"page": 1}


@pytest.mark.parametrize(
    ("event", "reason", "field"),
    [
        (event_fields(item_id=...), "missing_field", "item_id"),
        (event_fields(colour="crimson"), "unknown_field", "colour"),
        (event_fields(event_value=math.nan), "out_of_range", "event_value"),
        (event_fields(properties={"depth": math.inf}), "out_of_range", "properties.depth"),
        (event_fields(event_value=object()), "wrong_type", ""),
        (event_fields(user_id=b"u-1"), "wrong_type", "user_id must be text"),
        (Event(**event_fields(item_id=bytearray(b"i-1"), timestamp=NOW)), "wrong_type", "item_id must be text"),
        (event_fields(properties={"price": Decimal("1.50")}), "wrong_type", "properties.price must be a number"),
        (event_fields(impression={"a", "b"}), "wrong_type", "impression must be a list"),
        (event_fields(impression=["a", b"b"]), "wrong_type", "impression[1] must be text"),
        (event_fields(properties={"x": [math.nan]}), "out_of_range", "properties.x[0]"),
        (event_fields(properties={b"x": 1}), "wrong_type", "properties must be text"),
        (None, "not_an_object", "must be an Event"),
        (bytearray(b"{}"), "not_an_object", "must be an Event"),
        (event_fields(timestamp=datetime(2026, 1, 1)), "wrong_type", "timestamp"),  # noqa: DTZ001 - the point
        (event_fields(timestamp=datetime.now(UTC) + timedelta(days=1)), "in_future", "timestamp"),
        (b"no json", "malformed_json", ""),
    ],
)
def test_an_event_that_breaks_the_contract_raises_with_field_and_rule_but_not_the_value(client, event, reason, field):
    with pytest.raises(InvalidEventError) as raised:
        client.send(event)

    assert raised.value.reason == reason
    assert field in str(raised.value)
    assert "crimson" not in str(raised.value)
    assert client.stats().sent == 0


def test_an_event_that_breaks_the_contract_can_be_counted_instead(transport):
    refused: list[Any] = []
    with Client(transport, when_invalid="refuse", on_refused=refused.append, background=False) as client:
        assert client.send(event_fields(item_id=...)) is None
        counts = client.flush()

    assert (counts.sent, counts.refused, counts.unaccounted) == (1, 1, 0)
    assert [event.reason for event in refused] == ["missing_field"]
    assert refused[0].errors[0].field == "item_id"
    assert transport.batches == []


def test_what_is_no_event_can_be_counted_too(transport):
    with Client(transport, when_invalid="refuse", background=False) as client:
        nothing: Any = None
        assert client.send(nothing) is None
        assert client.stats().refused == 1


def test_a_value_without_a_form_in_json_is_not_sent_unchecked_either(transport):
    with Client(transport, when_invalid="send", background=False) as client:
        with pytest.raises(InvalidEventError, match="user_id must be text"):
            client.send({"user_id": b"u-1"})
        assert client.stats().sent == 0


def test_an_event_without_consent_is_counted_and_sent_nowhere(client, transport):
    client.send(event_fields(consent="denied"))

    counts = client.flush()
    assert (counts.sent, counts.suppressed, counts.unaccounted) == (1, 1, 0)
    assert transport.batches == []


def test_events_are_sent_unchanged_where_the_api_is_to_decide(transport):
    payloads = [b'{"item_id": 7}', b"[1,2]", b"{},{}", b"\xff", b'{"event_id":"e-9"}']
    with Client(transport, when_invalid="send", background=False) as client:
        ids = [client.send(payload) for payload in payloads]

    # What is no JSON text is a batch of its own, since it would make the others unreadable.
    assert transport.batches == [payloads[:2], [b"{},{}"], [b"\xff"], payloads[4:]]
    assert ids[4] == "e-9"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "localhost:8000", "key": "k"}, "https://api.example.com"),
        ({"target": "https://user:secret@host/v1", "key": "k"}, "without a user"),
        ({"target": "https://:secret@host/v1", "key": "k"}, "without a user"),
        ({"target": "https://user:secret/word@host/v1", "key": "k"}, "without a user"),
        ({"target": "https://host/a secret", "key": "k"}, "https://api.example.com"),
        ({"target": "https://host/v1"}, "needs a key"),
        ({"target": "https://host/v1", "key": "a secret\n"}, "printable"),
        ({"target": FakeTransport(), "key": "k"}, "belongs to a URL"),
        ({"target": FakeTransport(), "when_full": "wait"}, "drop, block"),
        ({"target": FakeTransport(), "max_events": 0}, "max_events is 0"),
        ({"target": FakeTransport(), "linger": -1}, "linger is -1"),
        ({"target": FakeTransport(), "when_invalid": "send", "spool": "spool"}, "valid events only"),
    ],
)
def test_a_wrong_option_is_named_without_a_secret(arguments, message):
    with pytest.raises(ValueError, match=message) as raised:
        Client(**arguments)

    assert "secret" not in str(raised.value)
