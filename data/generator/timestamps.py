"""Formats timestamps, and models the activity of users by hour and weekday."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

HOUR_MS = 3_600_000

# Relative activity by hour of the day, midnight first, and by day of the week, Monday first.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 10, 12, 11, 9, 9, 10, 11, 13, 16, 18, 17, 11, 5)
_WEEKDAYS = (10, 9, 9, 10, 11, 14, 15)


def rfc3339(moment_ms: int, offset_hours: int = 0) -> str:
    """Format a time as RFC 3339 with milliseconds, in UTC or at another offset."""
    if not offset_hours:
        moment = datetime.fromtimestamp(moment_ms // 1000, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03d}Z"
    zone = timezone(timedelta(hours=offset_hours))
    moment = datetime.fromtimestamp(moment_ms // 1000, zone)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03d}{offset_hours:+03d}:00"


def activity_of_hour(hour_start_ms: int) -> float:
    """Return the relative activity in the hour that starts at a time (no unit)."""
    moment = datetime.fromtimestamp(hour_start_ms // 1000, UTC)
    return _HOURS[moment.hour] * _WEEKDAYS[moment.weekday()]
