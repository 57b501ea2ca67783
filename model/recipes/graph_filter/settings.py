"""By what the graph filter weighs users, items and directions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class FilterSettings:
    """What the filter is told before it looks at the data; the defaults are those that a validation split chose.

    See README, "How the graph filter is set", for what they and those of BSPM's authors find.

    Attributes
    ----------
    user_power : float
        Of how many items a user touched, by which all that they touched is divided.
    item_power : float
        Of how many users touched an item, by which all who touched it are divided.
    directions : int
        The most directions that are looked at exactly.
    sharpened_for : float
        Time of the one step of sharpening.
    ideal_weight : float
        Of the slowest directions beside the ties between items.
    """

    person_power: float = 0.3
    item_power: float = 0.4
    directions: int = 640
    sharpened_for: float = 2.0
    ideal_weight: float = 0.1

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """Read what a solution states.

        Parameters
        ----------
        parameters : mapping of str to str
            Hyper-parameters by the names of the attributes; others are passed over.
        """
        stated = {one.name: float(parameters.get(one.name, str(one.default))) for one in fields(cls)}
        return cls(directions=int(stated.pop("directions")), **stated)


# What BSPM's authors published beside their code for Gowalla.
BSPM = FilterSettings(person_power=0.5, item_power=0.5, directions=448, sharpened_for=2.5, ideal_weight=0.2)
