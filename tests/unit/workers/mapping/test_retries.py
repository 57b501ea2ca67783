from __future__ import annotations

import json
from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployment.workers.mapping.retries import after_failure, first_failed_index, split_expired
from tests.factories.workers.records import ARRIVED, entry, make_batch, mapping


def failures(*identifiers: object) -> bytes:
    return json.dumps({"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]}).encode()


@pytest.mark.parametrize(
    "payload",
    [b"null", b"", b"{}", b'{"batchItemFailures":null}', b'{"batchItemFailures":[]}', b'{"statusCode":200}'],
)
def test_an_answer_without_failures_finishes_the_batch(payload: bytes):
    assert first_failed_index(payload, None, ["1", "2", "3"], report_failures=True) == 3


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(failures(""), id="empty identifier"),
        pytest.param(failures(None), id="null identifier"),
        pytest.param(b'{"batchItemFailures":[{"id":"2"}]}', id="wrong key"),
        pytest.param(b'{"batchItemFailures":["2"]}', id="no object"),
        pytest.param(b'{"batchItemFailures":"2"}', id="no list"),
        pytest.param(failures("99"), id="not of this batch"),
        pytest.param(failures("3", ""), id="one of two empty"),
        pytest.param(b'"done"', id="no object at all"),
        pytest.param(b"done", id="no JSON"),
    ],
)
def test_an_answer_that_cannot_be_read_fails_the_whole_batch(payload: bytes):
    assert first_failed_index(payload, None, ["1", "2", "3"], report_failures=True) == 0


def test_the_lowest_failed_record_is_the_checkpoint():
    assert first_failed_index(failures("3", "2"), None, ["1", "2", "3"], report_failures=True) == 1


def test_reported_failures_are_ignored_unless_the_mapping_enables_them():
    assert first_failed_index(failures("1"), None, ["1", "2"], report_failures=False) == 2


def test_a_function_error_fails_the_batch_whatever_was_answered():
    assert first_failed_index(b"{}", "Unhandled", ["1", "2"], report_failures=True) == 0


def test_without_bisect_a_batch_is_retried_whole_until_its_retries_are_used():
    first = after_failure(make_batch(3), 0, mapping(maximum_retries=1))
    second = after_failure(first.next[0], 0, mapping(maximum_retries=1))

    assert first.is_retry
    assert len(first.next[0].entries) == 3
    assert second.next == ()
    assert second.discarded is not None
    assert len(second.discarded.entries) == 3


def test_without_a_limit_a_batch_is_retried_for_ever():
    assert after_failure(make_batch(1, retries=10_000), 0, mapping()).discarded is None


def test_a_split_uses_no_retry():
    step = after_failure(make_batch(5, retries=2), 0, mapping(bisect=True, maximum_retries=2))

    assert [len(part.entries) for part in step.next] == [2, 3]
    assert {part.retries for part in step.next} == {2}
    assert not step.is_retry


def test_a_batch_is_split_at_the_returned_record():
    step = after_failure(make_batch(5), 3, mapping(bisect=True))

    assert [entry.record.sequence for entry in step.next[0].entries] == [f"{3:056d}", f"{4:056d}"]


@given(
    size=st.integers(1, 40),
    poison=st.sets(st.integers(0, 39)),
    retries=st.integers(0, 3),
    bisect=st.booleans(),
    reports=st.booleans(),
)
def test_every_record_is_processed_or_discarded_and_order_is_kept(
    size: int, poison: set[int], retries: int, bisect: bool, reports: bool
):
    # Given a function that fails on poison, and reports its position if the mapping reports failures
    settings = mapping(bisect=bisect, maximum_retries=retries)
    todo, done, discarded = deque([make_batch(size)]), [], []

    # When the batch is processed to its end
    while todo:
        batch = todo.popleft()
        numbers = [int(entry.record.sequence) for entry in batch.entries]
        bad = [at for at, number in enumerate(numbers) if number in poison]
        if not bad:
            done += numbers
            continue
        failed = bad[0] if reports else 0
        done += numbers[:failed]
        step = after_failure(batch, failed, settings)
        todo.extendleft(reversed(step.next))
        if step.discarded is not None:
            discarded += [int(entry.record.sequence) for entry in step.discarded.entries]

    # Then each record ended in one place, in order, and only poison is discarded where batches are split
    assert sorted(done + discarded) == list(range(size))
    assert done == sorted(done)
    assert discarded == sorted(discarded)
    if bisect:
        assert set(discarded) == poison & set(range(size))


def test_records_that_are_too_old_are_parted_from_the_rest():
    batch = replace(make_batch(1), entries=(entry(1, arrived=ARRIVED), entry(2, arrived=ARRIVED + 50)))

    old, young = split_expired(batch, ARRIVED + 100, 60)

    assert old is not None
    assert young is not None
    assert [each.record.arrived for each in old.entries] == [ARRIVED]
    assert [each.record.arrived for each in young.entries] == [ARRIVED + 50]


def test_without_a_limit_no_record_is_too_old():
    assert split_expired(make_batch(2), ARRIVED + 10**9, -1) == (None, make_batch(2))


def test_a_batch_may_be_too_old_as_a_whole():
    assert split_expired(make_batch(2), ARRIVED + 1000, 60) == (make_batch(2), None)
