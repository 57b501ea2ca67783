"""Builds curated tables in a folder, and reads them and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.arguments import Window
from scripts.curated.build import curate
from scripts.curated.generated import COLUMNS
from scripts.curated.options import CurateOptions
from tests.factories.analytics.comparison import read_curated
from tests.factories.analytics.lake import write_arrivals, write_scenarios

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from tests.factories.analytics.scenario import Fields, Scenario

TABLES = [name for name in COLUMNS if name != "builds"]


class Builder:
    """A raw lake and its curated tables in a folder; a call is a run of the job."""

    def __init__(self, spark: Any, folder: Path) -> None:
        self.spark, self.lake, self.curated = spark, folder / "raw", folder / "curated"

    def write_scenarios(self, scenarios: Iterable[Scenario]) -> None:
        write_scenarios(self.lake, scenarios)

    def write_events(self, events: Iterable[Fields]) -> None:
        write_arrivals(self.lake, events)

    def __call__(
        self, run_id: str = "run", start: datetime | None = None, end: datetime | None = None, **options: Any
    ) -> dict[str, Any]:
        """Run the job, and check that each raw row is accounted for."""
        window = Window(start, end)
        manifest = curate(
            self.spark, CurateOptions("test", f"{self.lake}/", f"{self.curated}/", run_id, window, **options)
        )
        kept = manifest["rows_out"] + manifest["duplicates"] + manifest["refused"]
        assert (manifest["rows_in"], manifest["unaccounted"]) == (kept, 0)
        assert not (self.curated / "_staging").exists() or not any((self.curated / "_staging").iterdir())
        return manifest

    def read(self, table: str) -> list[Fields]:
        return read_curated(self.curated, table)

    def files(self) -> dict[str, int]:
        """Return the published files, but for those of the builds, with the times at which they were written."""
        paths = [path for table in TABLES for path in (self.curated / table).rglob("*.parquet")]
        return {str(path.relative_to(self.curated)): path.stat().st_mtime_ns for path in paths}
