"""The settings that the engine starts with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from model.engine.access.authentication import Key

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Pace:
    """Minimum times of resources in each state, and how long an hour of the training schedule lasts.

    Attributes
    ----------
    pending_seconds, in_progress_seconds : float
        Of jobs, solution versions, campaigns and recommenders.
    brief_seconds : float
        In each state of other resources, and of all deletions; with 0 they are done when the request is answered.
    """

    pending_seconds: float
    in_progress_seconds: float
    brief_seconds: float
    hour_seconds: float


PACES = {
    # As a client that polls the real service sees it, but not as long as trainings take.
    "real": Pace(15.0, 60.0, 2.0, 3600.0),
    "compressed": Pace(0.1, 0.2, 0.0, 12.0),
    "instant": Pace(0.0, 0.0, 0.0, 0.1),
}


@dataclass(frozen=True)
class Settings:
    """The settings that the engine starts with.

    Attributes
    ----------
    port : int
        0 takes any free port.
    region, account : str
        Of requests whose signature has none.
    keys : mapping of str to Key
        Access keys by id; if there are any, every request must be signed with one.
    metrics_port, faults_port : int, optional
        Further ports: operator pages on the same address, fault switches always on loopback.
    """

    directory: Path
    port: int = 0
    region: str = "eu-central-1"
    account: str = "000000000000"
    pace: Pace = PACES["compressed"]
    host: str = LOOPBACK
    keys: Mapping[str, Key] = field(default_factory=dict)
    metrics_port: int | None = None
    faults_port: int | None = None
