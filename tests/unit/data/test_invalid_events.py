"""The contract refuses the generator's invalid events for the expected reasons."""

from datetime import UTC, datetime

import pytest

from backend.contract import REASONS, Refusal, read_event
from data.generator import Settings, generate
from data.generator.invalid_events import BREAKAGES, as_json
from data.stream import ACCEPTED, SUPPRESSED

NOW = datetime(2026, 11, 2, tzinfo=UTC)
VALID: dict[str, object] = {
    "event_id": "e-1",
    "event_type": "View",
    "timestamp": "2026-11-01T12:00:00.000Z",
    "item_id": "item-00001",
    "session_id": "session-1",
    "user_id": "user-1",
}


def outcome_of(payload: bytes) -> str:
    verdict = read_event(payload, now=NOW)
    if isinstance(verdict, Refusal):
        return verdict.reason
    return SUPPRESSED if verdict.consent == "denied" else ACCEPTED


@pytest.mark.parametrize("number", range(len(BREAKAGES)))
def test_each_breakage_is_refused_for_its_reason(number):
    reason, _, break_fields = BREAKAGES[number]

    assert outcome_of(break_fields(VALID)) == reason


def test_every_reason_of_the_contract_is_exercised():
    assert {reason for reason, _, _ in BREAKAGES} == set(REASONS)


def test_the_unbroken_event_is_accepted():
    assert outcome_of(as_json(VALID)) == ACCEPTED


def test_the_outcomes_under_the_contract_equal_those_of_the_stream():
    settings = Settings(items=100, users=50, events=2_000, days=5, until=datetime(2026, 11, 1, tzinfo=UTC), broken=0.1)

    for event in generate(settings).events:
        assert outcome_of(event.payload) == event.outcome
