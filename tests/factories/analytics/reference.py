"""The curated tables by DuckDB: an independent implementation of their rules, which tests compare with Spark's tables.

It always reads the whole raw lake. Its statements are in `sql/`, in the order of their numbers; DuckDB is in the
environment of the laptop's AWS, whose interpreter executes them.
"""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.contract.curated import TABLES, rules
from backend.contract.limits import MAX_ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from backend.contract.curated import Table

STATEMENTS = Path(__file__).with_name("sql")
PYTHON = Path(__file__).parents[3] / "build/env/emulator/bin/python"
_EXECUTE = "import duckdb, sys; duckdb.execute(sys.stdin.read())"
_TYPES = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "array<string>": "VARCHAR[]",
    "array<bigint>": "BIGINT[]",
}
_EVENTS = (
    "event_id VARCHAR, user_id VARCHAR, session_id VARCHAR, visitor_id VARCHAR, item_id VARCHAR, "
    '"timestamp" TIMESTAMP, event_type VARCHAR, event_value DOUBLE, quantity BIGINT, currency VARCHAR, '
    'order_id VARCHAR, impression VARCHAR[], positions BIGINT[], recommendation_id VARCHAR, "position" BIGINT, '
    "slot VARCHAR, model VARCHAR, source VARCHAR, variation VARCHAR, device VARCHAR, properties VARCHAR, "
    "producer VARCHAR, consent VARCHAR, received_at TIMESTAMP, ingest_date VARCHAR, ingest_hour VARCHAR"
)
_SERVED = (
    "served_id VARCHAR, served_at TIMESTAMP, route VARCHAR, recommendation_id VARCHAR, version VARCHAR, "
    "ingest_date VARCHAR"
)


class StatementError(RuntimeError):
    """DuckDB refused a statement; the message is DuckDB's."""


def build(lake: Path, currency: str | None = None) -> dict[str, pa.Table]:
    """Build every curated table from a raw lake; the day of a row is its column `event_date` or `run_date`.

    Parameters
    ----------
    lake
        Folder of `events/`, `items/`, `users/` and `served_lists/`, of which each may be missing.
    currency
        The reporting currency; None for none.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = write_script(lake, Path(folder), currency)
        finished = subprocess.run(
            [str(PYTHON), "-c", _EXECUTE], input=script, capture_output=True, text=True, check=False
        )
        if finished.returncode:
            raise StatementError(finished.stderr.splitlines()[-1])
        return {table.name: _nullable(pq.read_table(Path(folder) / f"{table.name}.parquet")) for table in TABLES}


def write_script(lake: Path, target: Path, currency: str | None = None) -> str:
    """Return the statements that build every curated table and write each to a Parquet file in a folder."""
    return "\n".join(_read_lake(lake) + _statements(currency) + [_export(table, target) for table in TABLES])


def write(tables: Mapping[str, pa.Table], folder: Path) -> None:
    """Write curated tables as Spark does: `<table>/<partition>=<day>/`, files without the column of the partition."""
    for table in TABLES:
        if table.name in tables:
            for place, rows in _by_partition(table, tables[table.name]):
                path = folder / table.name / place / "part-0.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(rows, path, use_deprecated_int96_timestamps=True)


def _nullable(rows: pa.Table) -> pa.Table:
    """Return rows whose columns may have NULL, as Spark's; DuckDB forbids it where it knows of none."""
    return rows.cast(pa.schema([field.with_nullable(True) for field in rows.schema]))


def _by_partition(table: Table, rows: pa.Table) -> Iterable[tuple[str, pa.Table]]:
    if table.partition is None:
        yield "", rows
        return
    days = rows.column(table.partition)
    for day in pc.unique(days).to_pylist():
        yield f"{table.partition}={day}", rows.filter(pc.equal(days, day)).drop_columns([table.partition])


def _read_lake(lake: Path) -> list[str]:
    """Return statements that give the files of the lake a name, and rows without files where it has none."""
    statements = [f"CREATE TEMP TABLE no_events ({_EVENTS});", f"CREATE TEMP TABLE no_served_lists ({_SERVED});"]
    known = {column.split()[0].strip('"') for text in (_EVENTS, _SERVED) for column in text.split(", ")}
    for name in ("events", "served_lists"):
        folder = lake / name
        columns = _columns_of(folder) & known
        options = "hive_partitioning = true, hive_types_autocast = false, union_by_name = true"
        source = f"read_parquet('{folder}/**/*.parquet', {options})"
        selected = ", ".join(f'"{column}"' for column in sorted(columns))
        query = f"SELECT {selected} FROM {source}" if columns else f"FROM no_{name}"
        statements.append(f"CREATE TEMP VIEW lake_{name} AS {query};")
    for name in ("items", "users"):
        folder = lake / name
        query = f"FROM read_text('{folder}/**/*.jsonl')"
        if not any(folder.rglob("*.jsonl")):
            query = "SELECT '' AS filename, '' AS content, now() AS last_modified WHERE false"
        statements.append(f"CREATE TEMP VIEW lake_{name} AS {query};")
    return statements


def _columns_of(folder: Path) -> set[str]:
    """Return the columns of all files of a folder, partitions included."""
    columns: set[str] = set()
    for path in folder.rglob("*.parquet"):
        columns |= set(pq.read_schema(path).names)
        columns |= {part.partition("=")[0] for part in path.relative_to(folder).parent.parts}
    return columns


def _statements(currency: str | None) -> list[str]:
    values = {name: value for name, value in vars(rules).items() if name.isupper()}
    values |= {"MAX_ID_LENGTH": MAX_ID_LENGTH, "currency": "NULL" if currency is None else f"'{currency}'"}
    values["built_at"] = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    ranks = ", ".join(f"('{name}', {rank})" for name, rank in rules.EVENT_RANKS.items())
    names = f"CREATE TEMP TABLE event_ranks AS FROM (VALUES {ranks}) AS ranks (event_type, rank);"
    return [names, *(Template(path.read_text()).substitute(values) for path in sorted(STATEMENTS.glob("*.sql")))]


def _export(table: Table, folder: Path) -> str:
    columns = [f'"{column.name}"::{_TYPES[column.type]} AS "{column.name}"' for column in table.columns]
    columns += [table.partition] if table.partition else []
    target = folder / f"{table.name}.parquet"
    return f"COPY (SELECT {', '.join(columns)} FROM {table.name} ORDER BY ALL) TO '{target}' (FORMAT parquet);"
