"""How often a schedule of EventBridge Scheduler runs in a month.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re

from deployment.cost.traffic import HOURS

_UNIT_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}
_DAYS_A_YEAR = 365.0
_WEEK = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEAR = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def runs_a_month(schedule: str) -> float:
    """Return the runs in a month of 730 hours of `rate(…)` or `cron(…)`, on average over a year.

    Raises
    ------
    ValueError
        Where it is neither.
    """
    if rate := re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)s?\)", schedule):
        return HOURS / (int(rate[1]) * _UNIT_HOURS[rate[2]])
    cron = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) \S+\)", schedule)
    if cron is None:
        raise ValueError(f"{schedule} is no schedule: it must be rate(…), or cron(…) of six fields")
    minutes, hours, days, months, weekdays = cron.groups()
    months_a_year = float(_number(months, 1, 12, _YEAR))
    if days not in {"*", "?"}:
        days_a_year = months_a_year * _number(days, 1, 31)
    elif "#" in weekdays or weekdays.endswith("L"):  # a weekday of each month, as its first or last
        days_a_year = months_a_year
    else:
        days_a_year = _DAYS_A_YEAR * months_a_year / 12 * _number(weekdays, 1, 7, _WEEK) / 7
    runs_a_day = _number(minutes, 0, 59) * _number(hours, 0, 23)
    return runs_a_day * days_a_year * HOURS / (_DAYS_A_YEAR * 24)


def _number(field: str, first: int, last: int, names: tuple[str, ...] = ()) -> int:
    """Return how many values a field of cron names; L and W name one day each."""
    found: set[int | str] = set()
    for part in field.split(","):
        bounds, _, step = part.partition("/")
        begin, _, end = bounds.partition("-")
        if begin in {"*", "?"}:
            begin, end = str(first), str(last)
        values = [_value(each, first, names) for each in (begin, end) if each]
        if None in values:
            found.add(part)
            continue
        low, high = values[0], values[-1] if end else (last if step else values[0])
        found |= set(range(int(low or 0), int(high or 0) + 1, int(step or 1)))
    return len(found)


def _value(text: str, first: int, names: tuple[str, ...]) -> int | None:
    if text.upper() in names:
        return names.index(text.upper()) + first
    return int(text) if text.isdigit() else None
