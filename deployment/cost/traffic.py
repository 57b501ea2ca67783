"""The traffic of an environment: what its users and analysts do in a month."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

HOURS = 730.0
SECONDS = HOURS * 3600
GB = 2**30

_SCENARIOS = Path(__file__).with_name("traffic.toml")


class UnknownTrafficError(ValueError):
    """No scenario has this name, or a file has a value that traffic does not or cannot have."""


@dataclass(frozen=True)
class Traffic:
    """Averages over a month of 730 hours.

    Attributes
    ----------
    peak_factor
        The peak rate of events, relative to the average.
    event_bytes
        Of one event in the stream.
    events_per_request
        In one POST; they are one record of the stream.
    cached
        The share of recommendations that stored answers serve.
    products_per_second
        Requests for products.
    items, item_changes
        In the catalogue, and uploaded in a month.
    trainings, training_days
        Number in a month, and the days of events that each reads; None for those of the environment.
    trained_interactions
        Most interactions that a training uses; Personalize reads at most three billion.
    campaign_shares
        The share of each campaign in the recommendations that are not cached, the campaign with most first.
    lake_days
        Age of the oldest events and served lists in the lake.
    """

    events_per_second: float = 0.0
    peak_factor: float = 1.0
    event_bytes: float = 600.0
    events_per_request: float = 5.0
    recommendations_per_second: float = 0.0
    cached: float = 0.3
    products_per_second: float = 0.0
    items: float = 0.0
    item_changes: float = 0.0
    trainings: float | None = None
    training_days: float | None = None
    trained_interactions: float = float("inf")
    campaign_shares: tuple[float, ...] = (0.7, 0.1, 0.15, 0.05)
    history_days: float = 90.0
    lake_days: float = 365.0
    athena_tb: float = 0.0

    @property
    def events(self) -> float:
        """Events a month."""
        return self.events_per_second * SECONDS

    @property
    def requests(self) -> float:
        """Requests that post events, a month."""
        return self.events / self.events_per_request

    @property
    def recommendations(self) -> float:
        """Recommendations a month."""
        return self.recommendations_per_second * SECONDS

    @property
    def products(self) -> float:
        """Requests for products, a month."""
        return self.products_per_second * SECONDS

    @property
    def reads(self) -> float:
        """Requests that the function recommend answers, a month."""
        return self.recommendations + self.products


def read_traffic(name: str) -> Traffic:
    """Return the traffic of a scenario in `traffic.toml`, or of a TOML file with the same values."""
    scenarios = tomllib.loads(_SCENARIOS.read_text(encoding="utf-8"))
    if name in scenarios:
        values = scenarios[name]
    elif Path(name).is_file():
        values = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    else:
        raise UnknownTrafficError(f"{name} is neither a file nor one of {', '.join(scenarios)}")
    if unknown := values.keys() - {each.name for each in fields(Traffic)}:
        raise UnknownTrafficError(f"{name} has unknown values: {', '.join(sorted(unknown))}")
    if wrong := [f"{key} = {value!r}" for key, value in values.items() if not _is_possible(key, value)]:
        raise UnknownTrafficError(
            f"{name} has values that are no numbers from 0 (events_per_request: above 0, cached: at most 1, "
            f"campaign_shares: a list): {', '.join(wrong)}"
        )
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return Traffic(**given)


def _is_possible(key: str, value: Any) -> bool:
    if key == "campaign_shares":
        return isinstance(value, list) and all(is_amount(share) for share in value)
    return is_amount(value) and (key != "events_per_request" or value > 0) and (key != "cached" or value <= 1)


def is_amount(value: object) -> bool:
    """Return whether a value of TOML is a number from 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
