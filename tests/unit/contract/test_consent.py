"""Refused bytes that may deny consent, in whatever form, and those that cannot."""

from __future__ import annotations

import gzip
import json

import pytest

from backend.contract import may_deny_consent
from tests.factories.records import event_json

DENIED = event_json(consent="denied")
GRANTED = event_json(consent="granted")


@pytest.mark.parametrize(
    "payload",
    [
        DENIED,
        b"[" + b",".join([event_json()] * 500 + [DENIED]) + b"]",
        b'{"events": [' + DENIED + b"]}",
        b"[" + DENIED + b",]",
        b"[" + GRANTED + b"," + DENIED[:-20],
        b"{",
        event_json()[:-20],
        DENIED[: DENIED.index(b'"denied"') + 3],
        event_json(consent="Denied"),
        event_json(consent=False),
        event_json(consent=None),
        event_json(Consent="denied"),
        event_json(consent="denied", colour="red"),
        DENIED[:-1] + b', "consent": "granted"}',
        GRANTED[:-1] + b', "consent": "denied"}',
        DENIED.replace(b'"consent"', b'"\\u0063onsent"'),
        DENIED.replace(b'"consent"', b'"\\u0063onsent"')[:-1],
        DENIED.decode().encode("utf-16"),
        DENIED.decode().encode("utf-16-le")[:-2],
        gzip.compress(DENIED, mtime=0),
        gzip.compress(GRANTED, mtime=0) + gzip.compress(DENIED, mtime=0),
        gzip.compress(GRANTED, mtime=0) * 99 + gzip.compress(DENIED, mtime=0),
        gzip.compress(DENIED, mtime=0)[:-8] + bytes(8),
        gzip.compress(b" " * 9_000_000 + DENIED, mtime=0),
        DENIED[:-1] + b', "event_value": ' + b"1" * 5_000 + b"}",
        b"{'consent': 'denied'}",
        b"consent=denied&user_id=u-1",
        b"\xf3\x89\x9a\xc2" + DENIED + b"\x00" * 16,
        b"[" * 100_000 + DENIED,
    ],
    ids=lambda payload: repr(payload[-40:]),
)
def test_bytes_that_may_deny_consent_are_recognized(payload):
    assert may_deny_consent(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        GRANTED,
        event_json(consent=..., user_id=3),
        GRANTED + b"x",
        b"[" + GRANTED + b"," + GRANTED + b",]",
        json.dumps({"item_id": 3, "title": "Consent, and how to deny it"}).encode(),
        gzip.compress(GRANTED, mtime=0),
        gzip.compress(GRANTED, mtime=0) * 2,
        GRANTED[:-1] + b', "event_value": ' + b"1" * 5_000 + b"}",
        b"1" * 5_000,
        b"\x1f\x8bnot gzip",
        b"\xff\xfe",
    ],
    ids=lambda payload: repr(payload[-40:]),
)
def test_bytes_that_cannot_deny_consent_may_be_stored(payload):
    assert not may_deny_consent(payload)
