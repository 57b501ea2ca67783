"""Points in time: read from RFC 3339 text, in UTC to the millisecond, written in one form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec

_text_of = msgspec.to_builtins
_WITH_OFFSET = Annotated[datetime, msgspec.Meta(tz=True)]


def read_instant(value: object) -> datetime:
    """Return an RFC 3339 date-time that has an offset, read as the generated structs read it.

    Parameters
    ----------
    value
        The text, or a datetime that has an offset.

    Returns
    -------
    datetime
        With its own offset and all its digits.

    Raises
    ------
    ValueError
        Where it is not a text, not a date-time, or has no offset.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError
        return value
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - one error for every value that is not an instant
    try:
        return msgspec.convert(value, _WITH_OFFSET)
    except msgspec.ValidationError as error:
        raise ValueError from error


def to_milliseconds(value: datetime) -> datetime:
    """Return the instant in UTC, truncated to milliseconds."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    beyond = value.microsecond % 1000
    return value.replace(microsecond=value.microsecond - beyond) if beyond else value


def write_instant(value: datetime) -> str:
    """Return the instant as ``YYYY-MM-DDTHH:MM:SS.mmmZ``."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    # msgspec writes an instant ten times as fast as isoformat, with six digits or none.
    text: str = _text_of(value)
    return text[:-4] + "Z" if value.microsecond else text[:-1] + ".000Z"


def write_hive_timestamp(value: datetime) -> str:
    """Return a UTC time as `yyyy-MM-dd HH:mm:ss.SSS`, the form that Hive's JSON readers accept for a timestamp.

    They do not accept RFC 3339, with its T and its offset
    (https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html).
    """
    return value.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
