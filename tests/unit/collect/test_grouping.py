"""Events to stream records: nothing is lost, each user has own records in order, the limits are kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.collect.grouping import MAX_AGGREGATE_BYTES, group_events
from backend.contract import deaggregate_records, is_aggregated

events = st.lists(
    st.tuples(st.sampled_from(["a", "b", "é" * 256]), st.integers(1, 11_000).map(lambda size: b"{" * size)), max_size=60
)


@given(events)
def test_a_users_events_stay_together_in_order_and_within_the_limits(given_events):
    records = group_events((position, user, data) for position, (user, data) in enumerate(given_events))

    found: dict[str, list[tuple[int, bytes]]] = {}
    for record in records:
        held = deaggregate_records(record.data) if is_aggregated(record.data) else [record.data]
        assert len(held) == len(record.positions)
        assert len(held) == 1 or len(record.data) <= MAX_AGGREGATE_BYTES + 1_024 + 64
        found.setdefault(record.partition_key, []).extend(zip(record.positions, held, strict=True))
    expected: dict[str, list[tuple[int, bytes]]] = {}
    for position, (user, data) in enumerate(given_events):
        expected.setdefault(user, []).append((position, data))
    assert found == expected


def test_events_that_fit_are_one_aggregate_and_a_single_event_is_plain():
    records = group_events([(0, "a", b"{}"), (1, "b", b"{}"), (2, "a", b"{}")])

    assert [(record.partition_key, record.positions, is_aggregated(record.data)) for record in records] == [
        ("a", (0, 2), True),
        ("b", (1,), False),
    ]


def test_events_beyond_the_limit_are_split_into_several_aggregates():
    # Given half a megabyte of one user's events
    given_events = [(position, "a", b"x" * 10_000) for position in range(50)]

    records = group_events(given_events)

    assert len(records) == 6
    assert all(len(record.data) <= MAX_AGGREGATE_BYTES for record in records)
    assert [position for record in records for position in record.positions] == list(range(50))
