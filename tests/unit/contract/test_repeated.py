"""A field stated twice is refused, and nothing else for it: the quick screens agree with a reader of every name."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.contract import Refusal, read_event, read_events, read_streamed_event
from backend.contract.reading import read_streamed_events
from tests.factories.records import NOW
from tests.unit.contract.strategies import valid_events

# Values whose text has colons, quotes and what looks like a field or an offset.
tricky = st.sampled_from(["a:b", '":', 'x","consent":"denied', "+00:00", '+00:00"', "\\", "::", "https://shop/", "é"])
spaces = st.sampled_from(["", "", "", " ", "\t\n", "\r "])
OFFSETS = ["2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00.5+00:00", "2026-01-31T14:00:00+0200"]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Draw the JSON of a valid event, with some fields stated again, in any spelling."""
    fields = list(draw(valid_events).items())
    for name in draw(st.lists(st.sampled_from(["user_id", "session_id", "item_id", "event_id"]), max_size=2)):
        fields = [(key, draw(tricky) if key == name else value) for key, value in fields]
    if draw(st.booleans()):
        fields = [(key, draw(st.sampled_from(OFFSETS)) if key == "timestamp" else value) for key, value in fields]
    empty = {"properties": {}, "event_value": 0}
    fields += [(key, empty[key]) for key in draw(st.sets(st.sampled_from(sorted(empty)))) if key not in dict(fields)]
    for name, value in draw(st.lists(st.sampled_from(fields), max_size=2)):
        other = draw(st.sampled_from([value, None] if name not in {"timestamp", "event_type"} else [value]))
        fields.insert(draw(st.integers(0, len(fields))), (name, other))
    if draw(st.booleans()):
        fields.append(("consent", draw(st.sampled_from(["granted", "denied"]))))
    members = [
        draw(spaces)
        + _key(name, is_escaped=draw(st.booleans()))
        + f"{draw(spaces)}:{draw(spaces)}"
        + _value(value, ensure_ascii=draw(st.booleans()), repeats=draw(st.integers(0, 3)) == 0)
        for name, value in fields
    ]
    return ("{" + ",".join(members) + draw(spaces) + "}").encode()


def _value(value: object, *, ensure_ascii: bool, repeats: bool) -> str:
    """Return the text of a value; of an object, with its first name stated again."""
    text = json.dumps(value, ensure_ascii=ensure_ascii, separators=(",", ":"))
    if not repeats or not isinstance(value, dict) or not value:
        return text
    first = json.dumps(next(iter(value)), ensure_ascii=ensure_ascii)
    return f"{text[:-1]},{first}:1}}"


def _key(name: str, *, is_escaped: bool) -> str:
    return f'"\\u{ord(name[0]):04x}{name[1:]}"' if is_escaped else f'"{name}"'


def _names(text: bytes) -> list[str]:
    """Return the names of fields, and those of properties with a mark before them."""
    fields = json.loads(text, object_pairs_hook=list)
    return [name for name, _ in fields] + [f".{name}" for name, _ in dict(fields).get("properties") or ()]


def _is_refused_as_repeated(event: object) -> bool:
    return isinstance(event, Refusal) and event.errors[0].rule.startswith("must be there once")


@settings(max_examples=300)
@given(st.lists(texts(), min_size=1, max_size=4))
def test_a_repeated_field_is_refused_alone_wherever_it_is_read(given_texts):
    states_twice = []
    for text in given_texts:
        names = _names(text)
        states_twice.append(len(set(names)) != len(names))

    one_by_one = [read_event(text, now=NOW) for text in given_texts]

    for event, text, is_repeated in zip(one_by_one, given_texts, states_twice, strict=True):
        if is_repeated:
            assert isinstance(event, Refusal), text
        else:
            assert not _is_refused_as_repeated(event), text
    body = b"[" + b",".join(given_texts) + b"]"
    assert read_events(body, now=NOW) == one_by_one
    streamed = [read_streamed_event(text, arrived_at=NOW) for text in given_texts]
    assert read_streamed_events(given_texts, arrived_at=NOW) == streamed == one_by_one


def test_the_screen_finds_a_repeated_field_that_colons_in_values_could_hide():
    # Given as many colons fewer in one event's time as another states a field too often
    plain = b'{"event_type":"View","timestamp":"2026-01-31T12:00:00%s","user_id":"u","item_id":"i"%s}'
    body = b"[" + plain % (b"Z", b"") + b"," + plain % (b"+00:00", b',"user_id":"v"') + b"]"

    first, second = read_events(body, now=NOW)

    assert not isinstance(first, Refusal)
    assert _is_refused_as_repeated(second)


@pytest.mark.parametrize("text", ["2026-01-31T12:00Z", "2026-01-31T12Z", "2026-01-31T120000Z", "2026-01-31T12:0000Z"])
def test_a_time_has_two_colons_at_least(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, datetime)
