"""Who may ask: keys, clocks, replays, and web pages that reach for loopback."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.access import authentication as access
from model.engine.access.authentication import AnyoneOnLoopback, HoldersOfKeys, Key, KeysError, is_loopback, read_keys
from model.engine.access.replays import UsedSignatures
from model.engine.access.signatures import Head, read_claim
from model.engine.personalize import limits
from model.engine.personalize.arns import Caller
from model.engine.personalize.errors import (
    AccessDeniedError,
    InvalidSignatureError,
    RequestExpiredError,
    UnrecognizedClientError,
)
from tests.factories.signed_requests import BODY, KEY_ID, SECRET, TARGET, signed_head

ACCOUNT = "123456789012"
SIGNATURE, OTHER = bytes(32), bytes([1] * 32)


def holders(since=0):
    return HoldersOfKeys({KEY_ID: Key(SECRET, ACCOUNT)}, since)


def caller_of_request(door, head, body=BODY, *, after=0.0, once=True):
    now = read_claim(head).moment + after
    return door.caller(door.admit(head, now), body, now, once=once)


def test_a_key_gives_its_account_and_the_region_of_the_signature():
    assert caller_of_request(holders(), signed_head()) == Caller(ACCOUNT, "eu-west-1")


def test_an_unknown_key_and_a_session_token_are_not_recognized():
    door = HoldersOfKeys({"AKIAANOTHER000000001": Key(SECRET, ACCOUNT)}, 0)

    with pytest.raises(UnrecognizedClientError, match="unknown access key"):
        caller_of_request(door, signed_head())
    with pytest.raises(UnrecognizedClientError, match="no session token"):
        caller_of_request(holders(), signed_head(headers={**TARGET, "X-Amz-Security-Token": "t"}))


def test_a_changed_body_is_refused_and_does_not_use_the_signature_up():
    door, head = holders(), signed_head()

    with pytest.raises(InvalidSignatureError, match="does not match the request"):
        caller_of_request(door, head, BODY + b" ")

    assert caller_of_request(door, head).account == ACCOUNT


@pytest.mark.parametrize("after", [-limits.SIGNATURE_SECONDS, 0, limits.SIGNATURE_SECONDS])
def test_a_clock_may_be_off_by_a_quarter_of_an_hour(after):
    assert caller_of_request(holders(), signed_head(), after=after).account == ACCOUNT


@pytest.mark.parametrize("after", [-limits.SIGNATURE_SECONDS - 1, limits.SIGNATURE_SECONDS + 1])
def test_a_clock_that_is_off_by_more_is_refused_with_the_reason(after):
    with pytest.raises(RequestExpiredError, match=r"was signed 901 s .*set the clock"):
        caller_of_request(holders(), signed_head(), after=after)


def test_a_presigned_request_ends_with_its_own_time_and_never_outlives_the_records_of_signatures():
    head = signed_head(body=b"", in_query=True)  # for an hour

    assert caller_of_request(holders(), head, b"", after=limits.SIGNATURE_SECONDS)
    with pytest.raises(RequestExpiredError, match="more than 900 s"):
        caller_of_request(holders(), head, b"", after=limits.SIGNATURE_SECONDS + 1)


def test_a_request_from_before_the_start_is_refused_since_it_may_have_been_used():
    head = signed_head()
    moment = read_claim(head).moment

    with pytest.raises(RequestExpiredError, match="before this engine started to record"):
        caller_of_request(holders(since=moment + 1), head)
    assert caller_of_request(holders(since=moment), head)


def test_a_change_is_taken_once_and_a_question_again_only_within_its_second():
    door, head = holders(), signed_head()

    caller_of_request(door, head, once=True)
    with pytest.raises(InvalidSignatureError, match="has been sent before"):
        caller_of_request(door, head, once=True)

    door = holders()
    caller_of_request(door, head, once=False)
    caller_of_request(door, head, once=False, after=limits.TWIN_SECONDS)
    with pytest.raises(InvalidSignatureError, match="has been sent before"):
        caller_of_request(door, head, once=False, after=limits.TWIN_SECONDS + 0.1)


def test_a_signed_invocation_id_leaves_no_room_for_twins():
    head = signed_head(headers={**TARGET, "amz-sdk-invocation-id": "b1d2"})
    door = holders()

    caller_of_request(door, head, once=False)
    with pytest.raises(InvalidSignatureError, match="has been sent before"):
        caller_of_request(door, head, once=False)


def test_a_refused_request_may_be_repeated_at_once_and_then_no_more():
    used = UsedSignatures(0)
    used.use(100, SIGNATURE, 100.0, once=True)
    used.release(100, SIGNATURE, 100.0)

    used.use(100, SIGNATURE, 100.5, once=True)
    with pytest.raises(InvalidSignatureError):
        used.use(100, SIGNATURE, 100.6, once=True)

    used.use(100, OTHER, 100.0, once=True)
    used.release(100, OTHER, 100.0)
    with pytest.raises(InvalidSignatureError):
        used.use(100, OTHER, 100.0 + limits.TWIN_SECONDS + 0.1, once=True)


def test_memory_of_signatures_is_bounded_by_refusing_what_is_older(monkeypatch):
    monkeypatch.setattr(limits, "USED_SIGNATURES", 3)
    used = UsedSignatures(0)
    for second in range(5):
        used.use(second, SIGNATURE, float(second), once=True)

    with pytest.raises(RequestExpiredError):
        used.use(1, OTHER, 5.0, once=True)
    with pytest.raises(InvalidSignatureError):
        used.use(4, SIGNATURE, 5.0, once=True)


@given(st.lists(st.tuples(st.integers(900, 1100), st.sampled_from([SIGNATURE, OTHER])), max_size=40))
def test_no_signature_is_ever_taken_twice_however_times_and_room_fall_out(calls):
    used, taken = UsedSignatures(0), set()
    for now, (moment, signature) in enumerate(calls, start=1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "USED_SIGNATURES", 5)
            try:
                used.use(moment, signature, float(now), once=True)
            except (InvalidSignatureError, RequestExpiredError):
                continue
        assert (moment, signature) not in taken
        taken.add((moment, signature))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_no_other_machine_reaches(host, loopback):
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ([(b"host", b"127.0.0.1:8400")], True),
        ([(b"host", b"localhost")], True),
        ([(b"host", b"[::1]:8400")], True),
        ([(b"host", b"localhost:8400"), (b"origin", b"http://localhost:3000")], True),
        ([(b"host", b"rebound.example:8400")], False),
        ([(b"host", b"127.0.0.1:8400"), (b"origin", b"https://shop.example")], False),
        ([(b"host", b"127.0.0.1:8400"), (b"origin", b"null")], False),
        ([(b"host", b"127.0.0.1"), (b"host", b"rebound.example")], False),
        ([(b"host", b"[::1")], False),
        ([], False),
    ],
)
def test_on_loopback_programs_are_taken_and_web_pages_are_not(headers, taken):
    door, head = AnyoneOnLoopback(Caller("0" * 12, "eu-central-1")), Head("POST", b"/", b"", headers)

    if taken:
        assert door.caller(door.admit(head, 0.0), b"", 0.0, once=True) == Caller("0" * 12, "eu-central-1")
    else:
        with pytest.raises(AccessDeniedError):
            door.admit(head, 0.0)


def keys(**changes):
    return {KEY_ID: {"secret": SECRET, "account": ACCOUNT, **changes}}


def test_keys_are_read_from_json():
    assert read_keys(json.dumps(keys())) == {KEY_ID: Key(SECRET, ACCOUNT)}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "must be JSON like"),
        ([], "must be JSON like"),
        ({}, "at least one key"),
        (keys(secret="short"), "must have 32 characters"),
        (keys(secret=5), "must be JSON like"),
        (keys(account="1234"), "12 digits"),
        (keys(more=1), "must be JSON like"),
        ({"short": keys()[KEY_ID]}, "16 to 128 letters"),
        ({"with space and more": keys()[KEY_ID]}, "16 to 128 letters"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_without_repeating_them(document, message):
    with pytest.raises(KeysError, match=message) as caught:
        read_keys(document if isinstance(document, str) else json.dumps(document))
    assert SECRET not in str(caught.value)
    assert "short" not in str(caught.value)


def test_few_signing_keys_are_kept():
    door = holders()
    for _ in range(3):
        caller_of_request(door, signed_head(), once=False)
    assert len(door._signing_keys) == 1 <= access.KEPT_SIGNING_KEYS
