"""What the engine is started with."""

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
    """How long a resource stays in each state at least, and how long an hour of the training schedule lasts."""

    pending_seconds: float
    in_progress_seconds: float
    hour_seconds: float


PACES = {
    "real": Pace(15.0, 60.0, 3600.0),  # as a poller of the real service meets it, not as long as its trainings take
    "compressed": Pace(0.1, 0.2, 12.0),
    "instant": Pace(0.0, 0.0, 0.1),
}


@dataclass(frozen=True)
class Settings:
    """What the engine is started with.

    Attributes
    ----------
    directory : Path
        Where all state lies.
    port : int
        0 takes any free port.
    region, account : str
        For requests whose signature names none.
    host : str
        Address to listen on.
    keys : mapping of str to Key
        Access keys by id; where there are any, requests must be signed with one.
    metrics_port, faults_port : int, optional
        Further ports: of the pages for operators, at the same address; of the fault switches, on loopback always.
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
