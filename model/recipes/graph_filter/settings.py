"""The settings of the graph filter: degree exponents, number of singular vectors, sharpening."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class FilterSettings:
    """Settings of the filter; the defaults are those chosen on a validation split.

    See README, "How the graph filter is set", for the metrics of these and of BSPM's authors' settings.

    Attributes
    ----------
    person_power : float
        Exponent of the user degree by which a user's row is divided.
    item_power : float
        Exponent of the item degree by which an item's column is divided.
    directions : int
        The most singular vectors along which the filter is exact.
    sharpened_for : float
        Time of the one sharpening step.
    ideal_weight : float
        Weight of the ideal low-pass filter relative to the neighbours.
    """

    person_power: float = 0.3
    item_power: float = 0.4
    directions: int = 640
    sharpened_for: float = 2.0
    ideal_weight: float = 0.1

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """Read the settings from hyper-parameters by the names of the attributes; others are ignored."""
        stated = {setting.name: float(parameters.get(setting.name, str(setting.default))) for setting in fields(cls)}
        return cls(directions=int(stated.pop("directions")), **stated)


# The settings that BSPM's authors published with their code for Gowalla.
BSPM = FilterSettings(person_power=0.5, item_power=0.5, directions=448, sharpened_for=2.5, ideal_weight=0.2)
