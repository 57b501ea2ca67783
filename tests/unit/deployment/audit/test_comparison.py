"""The comparison finds what is lost, doubled and late at each stage, and nothing else."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployment.audit.comparison import FAILED, HISTORY, LAKE, STAGES, STREAM, TRACKER, Comparison, compare
from deployment.audit.partitions import Partitions, Sighting

ANSWERED = 1_000.0


def sent(event_id: str = "e", outcome: str = "accepted", **changes: Any) -> Sighting:
    return Sighting(event_id, outcome, ANSWERED, **changes)


def seen(*stages: str, event_id: str = "e", at: float | None = ANSWERED + 1, identity: str = "ann") -> list[Sighting]:
    return [Sighting(event_id, stage, at, identity) for stage in stages]


def comparison(*sightings: Sighting, stages: tuple[str, ...] = STAGES) -> tuple[Comparison, list[tuple[str, ...]]]:
    findings: list[tuple[str, ...]] = []
    result = compare([sightings], stages, 60, findings.append)
    return result, findings


def test_an_event_that_every_stage_holds_once_leaves_nothing():
    result, findings = comparison(sent(), *seen(*STAGES))
    assert (result.unaccounted, findings, result.distinct) == (0, [], 1)
    assert all((counts.expected, counts.found) == (1, 1) for counts in result.stages.values())


@pytest.mark.parametrize("stage", STAGES)
def test_an_event_that_a_stage_does_not_hold_is_lost_there(stage):
    result, findings = comparison(sent(), *seen(*(other for other in STAGES if other != stage)))
    assert findings == [("lost", stage, "e")]
    assert (result.lost, result.unaccounted) == (1, 1)


def test_an_event_that_failed_and_is_kept_is_not_lost():
    kept = [Sighting("e", place) for place in set(FAILED.values())]
    result, findings = comparison(sent(), *seen(STREAM), *kept)
    assert findings == []
    assert {stage: counts.failed for stage, counts in result.stages.items()} == {
        STREAM: 0,
        LAKE: 1,
        TRACKER: 1,
        HISTORY: 1,
    }


@pytest.mark.parametrize(
    ("further", "stage"),
    [
        (seen(TRACKER), TRACKER),
        (seen(HISTORY, identity="bob"), HISTORY),
        (seen(LAKE, identity="bob"), LAKE),
    ],
)
def test_an_event_that_counts_as_two_is_doubled(further, stage):
    result, findings = comparison(sent(), *seen(*STAGES), *further)
    assert findings == [("doubled", stage, "e")]
    assert (result.doubled, result.unaccounted) == (1, 1)


def test_further_rows_of_an_event_are_copies_beyond_the_times_that_it_was_sent():
    result, findings = comparison(sent(), sent(), *seen(STREAM, STREAM, STREAM, LAKE, LAKE, TRACKER, HISTORY))
    assert (result.stages[STREAM].copies, result.stages[LAKE].copies, findings) == (1, 0, [])


def test_an_event_that_arrives_after_the_limit_is_late_and_not_lost():
    late = seen(STREAM, at=ANSWERED + 61)
    result, findings = comparison(sent(), *late, *seen(LAKE, TRACKER, HISTORY, at=None))
    assert findings == [("late", STREAM, "e")]
    assert result.unaccounted == 0


def test_an_event_without_an_answer_is_nowhere_or_everywhere():
    assert comparison(sent(outcome="unknown"))[0].unaccounted == 0
    assert comparison(sent(outcome="unknown"), *seen(*STAGES))[0].unaccounted == 0
    _, findings = comparison(sent(outcome="unknown"), *seen(STREAM, LAKE, HISTORY))
    assert findings == [("lost", TRACKER, "e")]


def test_an_event_that_denies_consent_must_be_nowhere():
    assert comparison(sent(outcome="suppressed"))[0].unaccounted == 0
    result, findings = comparison(sent(outcome="suppressed"), *seen(LAKE))
    assert (findings, result.unaccounted) == ([("suppressed", LAKE, "e")], 1)


@pytest.mark.parametrize("place", sorted(set(FAILED.values())))
def test_what_is_kept_of_failures_counts_as_seen(place):
    # As a stage has seen it, or stores it although it denies consent
    result, findings = comparison(sent(outcome="unknown"), Sighting("e", place), stages=(LAKE, HISTORY))
    assert len(findings) == result.lost == 1
    result, findings = comparison(sent(outcome="suppressed"), Sighting("e", place))
    assert (findings, result.suppressed_found) == ([("suppressed", place, "e")], 1)


def test_events_of_other_producers_and_stages_that_were_not_read_do_not_matter():
    result, findings = comparison(sent(outcome="refused", event_id="r"), *seen(*STAGES), stages=(STREAM, LAKE))
    assert findings == []
    assert {stage: counts.others for stage, counts in result.stages.items()} == {STREAM: 1, LAKE: 1}


@pytest.mark.parametrize(
    ("event_type", "user", "session"), [("Impression", "ann", "s"), ("Dislike", "", "s"), ("Dislike", "ann", "")]
)
def test_an_event_that_is_not_forwarded_is_not_expected_at_the_tracker(event_type, user, session):
    stored = seen(STREAM, LAKE, identity=f"{user}\n{session}\n2026-01-31")
    result, findings = comparison(sent(event_type=event_type), *stored)
    assert (findings, result.stages[TRACKER].expected) == ([], 0)
    assert result.not_forwarded == {event_type: 1}


@pytest.mark.parametrize("stage", [STREAM, LAKE])
def test_an_event_of_another_type_that_names_a_sessions_user_is_expected_at_the_tracker(stage):
    stored = seen(stage, identity="ann\ns\n2026-01-31")
    _, findings = comparison(sent(event_type="Dislike"), *stored, stages=(stage, TRACKER, HISTORY))
    assert findings == [("lost", TRACKER, "e"), ("lost", HISTORY, "e")]


def test_the_types_that_a_deployment_declares_are_expected_at_the_tracker():
    result = compare([[sent(event_type="Wish"), *seen(*STAGES)]], STAGES, 60, forwarded_types={"Wish"})
    assert (result.lost, result.stages[TRACKER].expected) == (0, 1)


ids = st.text(min_size=1, max_size=256)


@given(st.lists(st.tuples(ids, st.sets(st.sampled_from(STAGES))), max_size=40, unique_by=lambda drawn: drawn[0]))
def test_the_number_of_parts_changes_nothing(tmp_path_factory, drawn):
    sightings = [
        each for event_id, stages in drawn for each in (sent(event_id), *seen(*sorted(stages), event_id=event_id))
    ]
    with Partitions(tmp_path_factory.mktemp("parts")) as partitions:
        for sighting in sightings:
            partitions.add(sighting)

    divided = compare(partitions.parts(), STAGES, 60)

    assert divided == compare([sightings], STAGES, 60)
    missing = sum(len(STAGES) - len(stages) for _, stages in drawn)
    assert divided.unaccounted == missing


def test_the_parts_are_open_at_once_under_the_usual_limit_of_a_mac(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Of 256, a hundred are left over; the process of the tests may have many files open already.
    already_open = len(list(Path("/dev/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (already_open + 156, hard))
    try:
        with Partitions(tmp_path) as partitions:
            partitions.add(sent())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [sighting for part in partitions.parts() for sighting in part] == [sent()]
