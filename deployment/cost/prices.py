"""Prices from a file, of which each that is used is remembered."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session

from deployment.cost.traffic import is_amount

PRICES = Path(__file__).with_name("prices.toml")
BASE_REGION = "us-east-1"
_CONFIDENCES = ("low", "medium", "high")


class UnknownPriceError(ValueError):
    """A file of prices names a price that does not exist, or has one that is no price."""


@dataclass
class Prices:
    """Prices of a region; where none is known for it, those of us-east-1.

    Attributes
    ----------
    used
        The names of the prices that have been used.
    """

    region: str
    entries: dict[str, dict[str, Any]]
    sources: dict[str, str]
    used: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, region: str = BASE_REGION, changes: Path | None = None) -> Prices:
        """Return the project's prices, changed by a file with `[prices]` of its own."""
        if region not in _regions():
            raise UnknownPriceError(f"{region} is no region of AWS, as eu-central-1 is")
        content = tomllib.loads(PRICES.read_text(encoding="utf-8"))
        entries, sources = content["prices"], content["sources"]
        if changes:
            own = tomllib.loads(changes.read_text(encoding="utf-8"))
            given_prices = own.get("prices", {})
            if not isinstance(given_prices, dict):
                raise UnknownPriceError(f"{changes}: prices is {given_prices!r}; it must be a table, [prices]")
            if unknown := given_prices.keys() - entries.keys():
                raise UnknownPriceError(f"{changes} has unknown prices: {', '.join(sorted(unknown))}")
            for name, price in given_prices.items():
                given = price if isinstance(price, dict) else {"usd": price}
                if not is_amount(given.get("usd")):
                    raise UnknownPriceError(f"{changes}: {name} is {price!r}; it must be a price in USD from 0")
                entries[name] = {"source": str(changes), "confidence": "high", **given}
        return cls(region, entries, sources)

    def cost(self, name: str, amount: float) -> float:
        """Return what an amount costs in USD a month, less what is free."""
        self.used.add(name)
        entry = self.entries[name]
        usd: float = entry.get(self.region, entry["usd"])
        free: float = entry.get("free", 0.0)
        return max(0.0, amount - free) * usd

    def tiers(self, amount: float, *tiers: tuple[str, float]) -> float:
        """Return what an amount costs where each price applies up to a limit, the last one to the rest."""
        total, below = 0.0, 0.0
        for name, limit in tiers:
            if amount > below:
                total += self.cost(name, min(amount, limit) - below)
            below = limit
        return total

    def of_another_region(self) -> int:
        """Return how many of the used prices are those of us-east-1, since none of the region is known."""
        return sum(
            self.region not in (BASE_REGION, *self.entries[name]) and self.entries[name]["source"] in self.sources
            for name in self.used
        )

    def doubtful(self) -> list[str]:
        """Return the used prices of the least confidence, as `name (confidence: source)`."""
        least = min((_CONFIDENCES.index(self.entries[name]["confidence"]) for name in self.used), default=2)
        if least == len(_CONFIDENCES) - 1:
            return []
        return [
            f"{name} ({_CONFIDENCES[least]}: {self.sources.get(entry['source'], entry['source'])})"
            for name, entry in sorted(self.entries.items())
            if name in self.used and entry["confidence"] == _CONFIDENCES[least]
        ]


def _regions() -> set[str]:
    session = botocore.session.get_session()
    return {region for partition in session.get_available_partitions() for region in _of_partition(session, partition)}


def _of_partition(session: botocore.session.Session, partition: str) -> list[str]:
    return session.get_available_regions("kinesis", partition_name=partition)
