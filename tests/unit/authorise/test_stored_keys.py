"""Which keys are accepted, how soon changes take effect, and what happens while the keys cannot be read."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from backend.authorise.stored_keys import (
    FIRST_READ_SECONDS,
    FRESH_SECONDS,
    KEPT_SECONDS,
    MOST_EXTRA_READS,
    RETRY_SECONDS,
    KeysUnreadableError,
    StoredKeys,
)
from backend.contract.access.keys import Key, KeyVersion, new_key, sha256_of, write_key
from tests.factories.records import NOW
from tests.fakes.faults import denied, server_error, throttled, timeout
from tests.fakes.functions.keys import FakeKeyParameters

OLD, NEW = new_key(), new_key()


class World:
    """The stored keys on a fake Parameter Store, with a clock."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.parameters = FakeKeyParameters()
        client: Any = self.parameters
        self.keys = StoredKeys(client, "/keys", lambda: self.seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def store(self, name: str, *keys: str, **changes: Any) -> None:
        versions = tuple(KeyVersion(sha256_of(key), NOW, changes.get("expires_at")) for key in keys)
        key = Key(name, ("read",), "server", (), versions, changes.get("revoked_at"))
        self.parameters.values[f"/keys/{name}"] = write_key(key)

    def find(self, key: str, at: Any = NOW) -> str | None:
        found = self.keys.find(key, at)
        return None if found is None else found.name


@pytest.fixture
def world() -> World:
    return World()


def test_a_key_is_found_by_its_digest_also_among_many(world: World):
    for number in range(25):
        world.store(f"other-{number}", new_key())
    world.store("shop", OLD, NEW)

    assert (world.find(OLD), world.find(NEW)) == ("shop", "shop")
    assert [world.find(key) for key in ("", OLD[:-1], OLD + " ", sha256_of(OLD), "no key at all", "ké")] == [None] * 6


def test_an_expired_or_revoked_key_is_unknown(world: World):
    world.store("revoked", OLD, revoked_at=NOW)
    world.store("expiring", NEW, expires_at=NOW + timedelta(hours=1))

    assert world.find(OLD) is None
    assert world.find(NEW) == "expiring"
    assert world.find(NEW, NOW + timedelta(hours=1)) is None


def test_a_revoked_key_is_refused_after_half_a_minute(world: World):
    world.store("shop", OLD)
    assert world.find(OLD) == "shop"

    world.store("shop", OLD, revoked_at=NOW)
    world.seconds = FRESH_SECONDS
    assert world.find(OLD) is None


def test_a_new_key_is_accepted_at_once(world: World):
    world.find(OLD)
    world.store("shop", NEW)

    assert world.find(NEW) == "shop"


def test_invented_keys_cause_few_reads_and_delay_a_new_key_by_half_a_minute(world: World):
    for _ in range(500):
        world.find(new_key())
    assert world.parameters.reads == 1 + MOST_EXTRA_READS

    world.store("shop", NEW)
    assert world.find(NEW) is None
    world.seconds = FRESH_SECONDS
    assert world.find(NEW) == "shop"


def test_a_known_key_causes_one_read_in_half_a_minute(world: World):
    world.store("shop", OLD)
    for tenth in range(FRESH_SECONDS * 10):
        world.seconds = tenth / 10
        assert world.find(OLD) == "shop"

    assert world.parameters.reads == 1


@pytest.mark.parametrize("fault", [throttled(), server_error(), timeout()])
def test_while_the_store_throttles_or_does_not_answer_the_last_keys_are_used_for_five_minutes(
    world: World, fault: Any, caplog: pytest.LogCaptureFixture
):
    world.store("shop", OLD)
    world.find(OLD)
    world.parameters.faults.always(fault)

    world.seconds = KEPT_SECONDS - 1
    assert world.find(OLD) == "shop"
    assert f"those known are {KEPT_SECONDS - 1} s old" in caplog.text

    world.seconds = KEPT_SECONDS
    with pytest.raises(KeysUnreadableError, match="requests are refused"):
        world.find(OLD)


@pytest.mark.parametrize("fault", [denied(), throttled()])
def test_without_keys_nothing_is_accepted(world: World, fault: Any):
    world.store("shop", OLD)
    world.parameters.faults.always(fault)

    with pytest.raises(KeysUnreadableError):
        world.find(OLD)


def test_after_a_failed_read_known_keys_are_answered_without_another_for_some_seconds(world: World):
    world.store("shop", OLD)
    world.find(OLD)
    world.parameters.faults.always(timeout())
    for tenth in range(10 * RETRY_SECONDS):
        world.seconds = FRESH_SECONDS + tenth / 10
        assert world.find(OLD) == "shop"
    assert world.parameters.reads == 2

    world.seconds = FRESH_SECONDS + RETRY_SECONDS
    world.find(OLD)
    assert world.parameters.reads == 3


def test_an_unknown_key_is_not_refused_while_the_keys_cannot_be_read_since_it_may_be_new(world: World):
    world.store("shop", OLD)
    world.find(OLD)
    world.parameters.faults.always(timeout())
    for tenth in range(10 * RETRY_SECONDS):
        world.seconds = tenth / 10
        with pytest.raises(KeysUnreadableError, match="ReadTimeoutError"):
            world.find(NEW)
    assert world.parameters.reads == 2
    assert world.find(OLD) == "shop"

    world.parameters.faults.always(None)
    world.store("new", NEW)
    world.seconds = RETRY_SECONDS
    assert world.find(NEW) == "new"


def test_a_revocation_during_an_outage_takes_effect_some_seconds_after_it(world: World):
    world.store("shop", OLD)
    world.find(OLD)
    world.parameters.faults.always(timeout())
    world.seconds = 2 * FRESH_SECONDS
    assert world.find(OLD) == "shop"

    world.store("shop", OLD, revoked_at=NOW)
    world.parameters.faults.always(None)
    world.seconds += RETRY_SECONDS
    assert world.find(OLD) is None


def test_the_first_read_is_repeated_while_many_functions_start_at_once(world: World):
    world.store("shop", OLD)
    world.parameters.faults.plan([throttled(), throttled(), throttled()])

    assert world.find(OLD) == "shop"
    assert world.parameters.reads == 4


def test_the_first_read_ends_after_some_seconds_and_not_repeated_at_once(world: World):
    world.parameters.faults.always(throttled())
    with pytest.raises(KeysUnreadableError):
        world.find(OLD)
    assert FIRST_READ_SECONDS <= world.seconds < FIRST_READ_SECONDS + 1
    reads = world.parameters.reads

    with pytest.raises(KeysUnreadableError):
        world.find(OLD)
    assert world.parameters.reads == reads


def test_a_lost_permission_ends_the_use_of_the_last_keys(world: World):
    world.store("shop", OLD)
    world.find(OLD)
    world.parameters.faults.always(denied())
    world.seconds = FRESH_SECONDS

    with pytest.raises(KeysUnreadableError, match="AccessDeniedException"):
        world.find(OLD)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"name": "x"}'])
def test_a_damaged_key_is_refused_and_the_others_are_read(world: World, text: str, caplog: pytest.LogCaptureFixture):
    world.store("shop", OLD)
    world.parameters.values["/keys/damaged"] = text

    assert world.find(OLD) == "shop"
    assert "/keys/damaged" in caplog.text


def test_no_key_and_no_digest_is_logged(world: World, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    world.store("shop", OLD)
    world.find(OLD)
    world.find(NEW)
    world.parameters.faults.always(timeout())
    world.seconds = FRESH_SECONDS
    world.find(OLD)

    assert not any(text in caplog.text for key in (OLD, NEW) for text in (key, sha256_of(key)))
