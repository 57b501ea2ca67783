"""ISO 8601 as Trino parses it, with week dates and ordinal dates."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from deployment.emulator.athena.dialect.types import offset_minutes

_DATE = (
    r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?|-(?P<ordinal>\d{3})|"
    r"-W(?P<week>\d{2})(?:-(?P<weekday>\d))?)?"
)
_TIME = r"T(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+))?)?)?"
_MOMENT = re.compile(rf"{_DATE}(?:{_TIME}(?P<offset>Z|[+-]\d{{2}}(?::?\d{{2}})?)?)?")


def iso_date(text: str) -> date:
    """Return the date that text has in one of the forms of ISO 8601."""
    try:
        return _date(_parts(re.compile(_DATE), text))
    except ValueError as error:
        raise _invalid(text) from error


def iso_moment(text: str) -> datetime:
    """Return the moment of a date with or without a time as its local time in UTC, cut to milliseconds."""
    try:
        parts = _parts(_MOMENT, text)
        hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
        moment = datetime.combine(_date(parts), time(hour, minute, second))
    except ValueError as error:
        raise _invalid(text) from error
    milliseconds = int(f"{parts['fraction'] or ''}000"[:3])
    minutes = offset_minutes(parts["offset"] or "") or 0
    return moment + timedelta(milliseconds=milliseconds, minutes=-minutes)


def _parts(pattern: re.Pattern[str], text: str) -> dict[str, str | None]:
    match = pattern.fullmatch(text)
    if match is None:
        raise _invalid(text)
    return match.groupdict()


def _date(parts: dict[str, str | None]) -> date:
    year = int(parts["year"] or 0)
    if parts["ordinal"]:
        days = int(parts["ordinal"])
        if not 0 < days <= date(year, 12, 31).timetuple().tm_yday:
            raise ValueError(days)
        return date(year, 1, 1) + timedelta(days=days - 1)
    if parts["week"]:
        return date.fromisocalendar(year, int(parts["week"]), int(parts["weekday"] or 1))
    return date(year, int(parts["month"] or 1), int(parts["day"] or 1))


def _invalid(text: str) -> ValueError:
    return ValueError(f'INVALID_FUNCTION_ARGUMENT: Invalid format: "{text}"')
