"""Measure: `python -m deployment.bench [NAME …]`; each bench is a module `tests/load/bench_<name>.py` with `run()`.

`run() -> list[dict]` returns the rows of a table, each row a mapping from column to value. The peer that a figure is
compared with stands in the same table and ran in the same process or beside it, since machines differ.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "bench"


def names() -> list[str]:
    """Return the names of all benches."""
    return sorted(path.stem.removeprefix("bench_") for path in (ROOT / "tests" / "load").glob("bench_*.py"))


def machine() -> dict[str, object]:
    """Tell what the figures were measured on, and how busy it was."""
    return {
        "moment": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def measure(name: str, console: Console) -> None:
    """Run one bench, print its table and leave it as JSON under build/bench."""
    before = machine()
    with console.status(f"measuring {name}"):
        rows: list[dict[str, Any]] = importlib.import_module(f"tests.load.bench_{name}").run()
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"name": name, "machine": before, "rows": rows}
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    table = Table(title=f"{name} (load {before['load']} on {before['cores']} cores)", title_justify="left")
    for column, value in rows[0].items():
        table.add_column(column, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(_shown(value) for value in row.values()))
    console.print(table)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> int:
    """Run the benches that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m deployment.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(names())} (default: all)")
    wanted = parser.parse_args().names or names()
    unknown = set(wanted) - set(names())
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    console = Console()
    for name in wanted:
        measure(name, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
