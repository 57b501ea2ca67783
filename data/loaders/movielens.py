"""Reads the movies and users of MovieLens, from the files beside the ratings.

The form of 100K has `u.item`, `u.user` and `u.genre`, that of 1M and 10M `movies.dat` and `users.dat`, and later ones
`movies.csv`. Titles of the older forms are in Latin-1.
"""

from __future__ import annotations

import re
from bisect import bisect
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from data.loaders.files import check_whole, find_file, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Records = Iterator[dict[str, object]]

_LATIN_1 = "latin-1"
_YEAR = re.compile(r"\((\d{4})\)\s*$")
_NO_GENRES = {"(no genres listed)", "unknown"}
# The contract accepts creation times from 1900 on; the few older movies get none.
_EARLIEST_YEAR = 1900
# Of u.item: id, title, date of release, date of the video, address, and a flag for each genre.
_FIRST_GENRE = 5
_GENDERS = {"F": "female", "M": "male"}
_AGE_LIMITS = (18, 25, 35, 45, 50, 56)
_AGE_GROUPS = ("under 18", "18-24", "25-34", "35-44", "45-49", "50-55", "56+")


def read_movies(folder: Path) -> Records | None:
    """Return the movies of a folder as items; None if it has none."""
    if path := find_file(folder, "movies.csv"):
        return _titled(path, ",", is_quoted=True, encoding="utf-8", has_header=True)
    if path := find_file(folder, "movies.dat"):
        return _titled(path, "::", is_quoted=False, encoding=_LATIN_1, has_header=False)
    path, genres = find_file(folder, "u.item"), find_file(folder, "u.genre")
    return _flagged(path, _genres_of(genres)) if path and genres else None


def read_viewers(folder: Path) -> Records | None:
    """Return the users of a folder with their age groups and genders; None if it has none."""
    if path := find_file(folder, "users.dat"):
        return _users(path, "::", gender=1, age=2)
    path = find_file(folder, "u.user")
    return _users(path, "|", gender=2, age=1) if path else None


def _titled(path: Path, delimiter: str, *, is_quoted: bool, encoding: str, has_header: bool) -> Records:
    check_whole(path)
    rows = read_rows(path, delimiter, 3, is_quoted=is_quoted, encoding=encoding)
    if has_header:
        next(rows, None)
    for movie, title, genres in (row.values for row in rows if not row.rule):
        year = _YEAR.search(title)
        yield _movie(movie, title, genres.split("|"), f"{year[1]}-01-01" if year else "")


def _flagged(path: Path, genres: list[str]) -> Records:
    check_whole(path)
    rows = read_rows(path, "|", _FIRST_GENRE + len(genres), is_quoted=False, encoding=_LATIN_1)
    for row in (row.values for row in rows if not row.rule):
        names = [name for name, flag in zip(genres, row[_FIRST_GENRE:], strict=True) if flag == "1"]
        yield _movie(row[0], row[1], names, _released(row[2]))


def _movie(movie: str, title: str, genres: list[str], released: str) -> dict[str, object]:
    record: dict[str, object] = {"item_id": movie, "title": title.strip()}
    named = [genre for genre in genres if genre and genre not in _NO_GENRES]
    if named:
        record["category"] = "|".join(named)
    if released and int(released[:4]) >= _EARLIEST_YEAR:
        record["created_at"] = f"{released}T00:00:00Z"
    return record


def _released(text: str) -> str:
    """Return a date such as 01-Jan-1995 as 1995-01-01; empty if it is missing or unreadable."""
    try:
        return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return ""


def _genres_of(path: Path) -> list[str]:
    rows = read_rows(path, "|", 2, is_quoted=False)
    return [row.values[0] for row in rows if not row.rule]


def _users(path: Path, delimiter: str, *, gender: int, age: int) -> Records:
    check_whole(path)
    rows = read_rows(path, delimiter, 5, is_quoted=False, encoding=_LATIN_1)
    for row in (row.values for row in rows if not row.rule):
        record: dict[str, object] = {"user_id": row[0]}
        if row[age].isdecimal():
            record["age_group"] = _AGE_GROUPS[bisect(_AGE_LIMITS, int(row[age]))]
        if row[gender] in _GENDERS:
            record["gender"] = _GENDERS[row[gender]]
        yield record
