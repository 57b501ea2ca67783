"""Consecutive numbers for names, in the order in which the names first appear."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Numbering:
    """Maps names to numbers and numbers to names; the list of names grows only at its end."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)
        self._number_of = {name: number for number, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def find(self, name: str) -> int | None:
        """Return the number of a name; None for an unknown one."""
        return self._number_of.get(name)

    def number(self, name: str) -> int:
        """Return the number of a name; a new name gets the next number."""
        known = self._number_of.get(name)
        if known is None:
            known = self._number_of[name] = len(self.names)
            self.names.append(name)
        return known
