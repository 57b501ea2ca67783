"""Measure: `python -m deployment.bench [NAME …]`; each bench is a module `tests/load/bench_<name>.py` with `run()`.

`run() -> list[dict]` returns the rows of a table, each row a mapping from column to value; rows with other columns
begin a table of their own. A bench that has `PARTS` measures those that NAME:PART,PART names. The peer that a figure is
compared with stands in the same table and ran in the same process or beside it, since machines differ.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
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
COLUMNS = 150


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


def measure(wanted: str, console: Console) -> None:
    """Run one bench, or parts of it, print its tables and leave them as JSON under build/bench."""
    before = machine()
    name, _, parts = wanted.partition(":")
    bench = importlib.import_module(f"tests.load.bench_{name}")
    unknown = set(filter(None, parts.split(","))) - set(getattr(bench, "PARTS", ()))
    if unknown:
        raise SystemExit(
            f"{name} has no part {', '.join(sorted(unknown))}; it has {', '.join(getattr(bench, 'PARTS', ['none']))}"
        )
    with console.status(f"measuring {wanted}"):
        rows: list[dict[str, Any]] = bench.run(*filter(None, parts.split(",")))
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"name": wanted, "machine": before, "rows": rows}
    (RESULTS / f"{wanted.replace(':', '-')}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    title = f"{name} (load {before['load']} on {before['cores']} cores)"
    for columns, alike in itertools.groupby(rows, key=tuple):
        of_them = list(alike)
        table = Table(title=title, title_justify="left")
        for column in columns:
            table.add_column(column, justify="left" if isinstance(of_them[0][column], str) else "right")
        for row in of_them:
            table.add_row(*(_shown(value) for value in row.values()))
        console.print(table)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> int:
    """Run the benches that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m deployment.bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"which: {', '.join(names())}; NAME:PART,PART for parts of one (default: all)",
    )
    wanted = parser.parse_args().names or names()
    unknown = {name.partition(":")[0] for name in wanted} - set(names())
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    # Where nobody looks on, in a file or a pipe, rich takes 80 columns, which cuts tables.
    console = Console(width=None if sys.stdout.isatty() else COLUMNS)
    for name in wanted:
        measure(name, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
