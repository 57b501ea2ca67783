"""Points in time: read from RFC 3339 text, kept in UTC to the millisecond, written one way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec

_WITH_OFFSET = Annotated[datetime, msgspec.Meta(tz=True)]


def read_instant(value: object) -> datetime:
    """Read an RFC 3339 date-time that has an offset, the same way the generated structs do.

    Parameters
    ----------
    value
        The text, or a datetime that has an offset.

    Returns
    -------
    datetime
        With the offset it came with and all its digits.

    Raises
    ------
    ValueError
        If it is no text, no date-time or has no offset.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError
        return value
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - one error for whatever is not an instant
    try:
        return msgspec.convert(value, _WITH_OFFSET)
    except msgspec.ValidationError as error:
        raise ValueError from error


def to_milliseconds(value: datetime) -> datetime:
    """Return the instant in UTC, cut to whole milliseconds."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    beyond = value.microsecond % 1000
    return value.replace(microsecond=value.microsecond - beyond) if beyond else value


def write_instant(value: datetime) -> str:
    """Return the instant as ``YYYY-MM-DDTHH:MM:SS.mmmZ``."""
    value = to_milliseconds(value)
    # msgspec writes an instant ten times as fast as isoformat, with six digits or none.
    text: str = msgspec.to_builtins(value)
    return f"{text[:-4]}Z" if value.microsecond else f"{text[:-1]}.000Z"
