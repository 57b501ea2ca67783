"""The form in which a curated table is defined."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its Hive type, and a comment with its unit, which the Glue catalogue shows."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class Table:
    """A curated table.

    Attributes
    ----------
    grain
        What a row is.
    key
        The columns that no two rows share.
    partition
        The column of the day that a row belongs to, `YYYY-MM-DD`, which is the folder's and not the file's; None for a
        table without days.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: str | None = "event_date"

    @property
    def description(self) -> str:
        """The grain and the key, for the catalogue."""
        return f"{self.grain}; key: {', '.join(self.key)}"
