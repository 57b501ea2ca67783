"""Run benches: `python -m tests.bench [NAME …]`; each is a module `tests/load/bench_<name>.py` with `run()`.

`run()` returns or yields the rows of a table, each a mapping from column to value; rows with other columns start a new
table. A bench with `PARTS` measures only those that NAME:PART,PART names. A figure and the peer that it is compared
with are in the same table and were measured in the same run, since machines differ.

A failed measurement is a row with the column `FAILED`. When a bench raises an error, its rows so far are kept and the
other benches run. Either makes the command fail at its end.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
import platform
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "bench"
COLUMNS = 160
FAILED = "failed"  # the column of a failed measurement's error


def names() -> list[str]:
    """Return the names of all benches."""
    return sorted(path.stem.removeprefix("bench_") for path in (ROOT / "tests" / "load").glob("bench_*.py"))


def machine() -> dict[str, object]:
    """Return the machine that the figures are measured on, and its load."""
    return {
        "moment": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def measure(wanted: str, console: Console) -> bool:
    """Run one bench, or parts of it (NAME:PART,PART), and return whether every measurement succeeded.

    The tables are printed, and written as JSON under build/bench.
    """
    before = machine()
    name, _, parts = wanted.partition(":")
    bench = importlib.import_module(f"tests.load.bench_{name}")
    unknown = set(filter(None, parts.split(","))) - set(getattr(bench, "PARTS", ()))
    if unknown:
        raise SystemExit(
            f"{name} has no part {', '.join(sorted(unknown))}; it has {', '.join(getattr(bench, 'PARTS', ['none']))}"
        )
    rows: list[dict[str, Any]] = []
    with console.status(f"measuring {wanted}"):
        try:
            for row in bench.run(*filter(None, parts.split(","))):
                rows.append(row)
                _keep(wanted, before, rows)
        except Exception as error:  # noqa: BLE001 - the other benches are measured after any error
            traceback.print_exc()
            rows.append({"bench": wanted, FAILED: f"{type(error).__name__}: {error}"})
            _keep(wanted, before, rows)
    _print(rows, f"{name} (load {before['load']} on {before['cores']} cores)", console)
    return not any(FAILED in row for row in rows)


def _keep(wanted: str, before: dict[str, object], rows: list[dict[str, Any]]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"name": wanted, "machine": before, "rows": rows}
    (RESULTS / f"{wanted.replace(':', '-')}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _print(rows: list[dict[str, Any]], title: str, console: Console) -> None:
    """Print a table for each run of rows with the same columns, failed measurements last."""
    for columns, group in itertools.groupby(sorted(rows, key=lambda row: FAILED in row), key=tuple):
        table_rows = list(group)
        table = Table(title=title, title_justify="left")
        for column in columns:
            table.add_column(column, justify="left" if isinstance(table_rows[0][column], str) else "right")
        for row in table_rows:
            table.add_row(*(_shown(value) for value in row.values()))
        console.print(table)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> int:
    """Run the benches that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"which: {', '.join(names())}; NAME:PART,PART for parts of one (default: all)",
    )
    wanted = parser.parse_args().names or names()
    unknown = {name.partition(":")[0] for name in wanted} - set(names())
    if unknown:
        parser.error(f"unknown bench {', '.join(sorted(unknown))}; the benches are {', '.join(names())}")
    # In a file or a pipe rich uses 80 columns, which would cut the tables.
    console = Console(width=None if sys.stdout.isatty() else COLUMNS)
    measured = [measure(name, console) for name in wanted]
    return 0 if all(measured) else 1


if __name__ == "__main__":
    sys.exit(main())
