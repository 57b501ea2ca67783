"""Turns valid events into invalid events, in every way that the contract refuses, with the expected reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Fields = dict[str, object]

LONG_AGO = "1994-12-31T23:59:59.000Z"
FAR_AHEAD = "2101-01-01T00:00:00.000Z"
# Above the contract's limits: identifiers 256 characters, impressions 25 items, properties 1,024 bytes, integers 2^53,
# an event 10 KB.
LONG_ID = "x" * 257
LONG_IMPRESSION = [f"item-{number:05d}" for number in range(26)]
LARGE_PROPERTY = "y" * 1_100
LARGE_IMPRESSION = ["雪" * 256] * 25
LARGE_NUMBER = 2**60


def as_json(fields: Fields) -> bytes:
    """Encode an event as compact JSON, as producers do."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _change(**changes: object) -> Callable[[Fields], bytes]:
    return lambda fields: as_json({**fields, **changes})


def _as_list(**changes: object) -> Callable[[Fields], bytes]:
    """Make an Impression of an event of any type."""
    others = dict.fromkeys(("item_id", "event_value", "currency", "position", "quantity", "order_id"))
    return _change(event_type="Impression", **others, **changes)


def _without(*names: str) -> Callable[[Fields], bytes]:
    return lambda fields: as_json({name: value for name, value in fields.items() if name not in names})


def _replace_payload(payload: bytes) -> Callable[[Fields], bytes]:
    return lambda _: payload


def _rewrite(change: Callable[[bytes], bytes]) -> Callable[[Fields], bytes]:
    return lambda fields: change(as_json(fields))


# (reason, whether the payload is still JSON, function that makes the event invalid)
BREAKAGES: tuple[tuple[str, bool, Callable[[Fields], bytes]], ...] = (
    ("malformed_json", False, _rewrite(lambda text: text[: len(text) * 2 // 3])),
    ("malformed_json", False, _rewrite(lambda text: text[:-1] + b",}")),
    ("malformed_json", False, _rewrite(lambda text: text.replace(b'"', b"'"))),
    ("malformed_json", False, _replace_payload(b"event_type=View&item_id=item-00001")),
    ("malformed_json", False, _rewrite(lambda text: text.replace(b'"event_type":"', b'"event_type":"\t'))),
    ("not_an_object", True, _replace_payload(b'"View item-00001"')),
    ("not_an_object", True, _replace_payload(b'["View","item-00001"]')),
    ("not_an_object", True, _replace_payload(b"null")),
    ("missing_field", True, _without("event_type")),
    ("missing_field", True, _without("timestamp")),
    ("unknown_field", True, _change(colour="red")),
    ("wrong_type", True, _change(event_value="12.50")),
    ("wrong_type", True, _change(timestamp=True)),
    ("wrong_type", True, _change(impression="item-00001")),
    ("wrong_type", True, _change(session_id=17)),
    ("too_long", True, _change(item_id=LONG_ID)),
    ("too_long", True, _change(user_id=LONG_ID)),
    ("too_many", True, _change(impression=LONG_IMPRESSION)),
    ("empty", True, _change(session_id="")),
    ("empty", True, _change(impression=[])),
    ("unknown_value", True, _change(event_type="Stare")),
    ("unknown_value", True, _change(consent="perhaps")),
    ("control_character", True, _change(session_id="session\u0007bell")),
    ("too_old", True, _change(timestamp=LONG_AGO)),
    ("in_future", True, _change(timestamp=FAR_AHEAD)),
    ("too_large", True, _change(properties={"note": LARGE_PROPERTY})),
    ("too_large", True, _change(impression=LARGE_IMPRESSION)),
    ("out_of_range", True, _change(properties={"seen": LARGE_NUMBER})),
    ("wrong_type", True, _change(properties={"device": {"kind": "phone"}})),
    ("wrong_type", True, _change(timestamp="yesterday")),
    ("too_many", True, _change(properties={f"name{number}": number for number in range(26)})),
    ("no_identity", True, _without("user_id", "session_id")),
    ("placeholder_id", True, _change(session_id="undefined")),
    ("misplaced_field", True, _change(positions=[1])),
    ("repeated_value", True, _as_list(impression=["item-00001", "item-00001"])),
    ("wrong_positions", True, _as_list(impression=["item-00001", "item-00002"], positions=[2, 1])),
)


def break_event(fields: Fields, rng: Random) -> tuple[bytes, str, bool]:
    """Make an event invalid in a random way; return the payload, the refusal reason and whether it is still JSON."""
    reason, is_json, break_fields = BREAKAGES[rng.randrange(len(BREAKAGES))]
    return break_fields(fields), reason, is_json
