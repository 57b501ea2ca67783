"""Reads MovieLens movies as items, from the `movies.csv` beside the ratings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from data.loaders.files import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_YEAR = re.compile(r"\((\d{4})\)\s*$")
_NO_GENRES = "(no genres listed)"
# The contract accepts creation times from 1900 on; the few older movies get none.
_EARLIEST_YEAR = 1900


def read_movies(path: Path) -> Iterator[dict[str, object]]:
    """Yield the movies as items: title, genres as category, the title's year as creation time."""
    source = read_rows(path, ",", 3)
    next(source, None)
    for movie, title, genres in (row for row in source if not isinstance(row, bytes)):
        record: dict[str, object] = {"item_id": movie, "title": title.strip()}
        if genres and genres != _NO_GENRES:
            record["category"] = genres
        year = _YEAR.search(title)
        if year and int(year[1]) >= _EARLIEST_YEAR:
            record["created_at"] = f"{year[1]}-01-01T00:00:00Z"
        yield record
