"""Points in time, read leniently as RFC 3339 allows and written one way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.contract import read_instant, write_instant

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=offsets)  # noqa: DTZ001 - see timezones


@given(instants)
def test_an_instant_is_written_in_utc_truncated_to_milliseconds(instant):
    written = write_instant(instant)

    assert written == instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert timedelta(0) <= instant - read_instant(written) < timedelta(milliseconds=1)


@pytest.mark.parametrize("value", ["", "2026-01-31", "2026-01-31T12:00:00", 0, None, True, datetime(2026, 1, 1)])  # noqa: DTZ001
def test_a_value_that_is_not_an_instant_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the reader's to make
        read_instant(value)
