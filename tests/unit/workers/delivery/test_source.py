from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.contract.aggregate import aggregate_records
from deployment.workers.delivery.source import rows_of
from tests.factories.workers.records import record


@given(parts=st.lists(st.lists(st.binary(max_size=20), min_size=1, max_size=5), max_size=5))
def test_aggregates_are_deaggregated_in_order_and_every_row_has_its_own_id(parts: list[list[bytes]]):
    records = [record(at, data=aggregate_records([("k", data) for data in part])) for at, part in enumerate(parts)]

    rows = list(rows_of(records, direct=False))

    assert [row.data for row in rows] == [data for part in parts for data in part]
    assert len({row.record_id for row in rows}) == len(rows)


def test_a_damaged_aggregate_stays_one_record():
    damaged = aggregate_records([("k", b"a"), ("k", b"b")])[:-1]

    assert [row.data for row in rows_of([record(1, data=damaged)], direct=False)] == [damaged]


def test_direct_puts_are_not_deaggregated():
    aggregate = aggregate_records([("k", b"a"), ("k", b"b")])

    assert [row.data for row in rows_of([record(1, data=aggregate)], direct=True)] == [aggregate]
