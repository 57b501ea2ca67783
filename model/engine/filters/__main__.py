"""`python -m model.engine.filters EXPRESSION`: explains a filter expression, or its error, before it is created."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.datasets.csv_import import read_rows
from model.datasets.errors import DatasetError
from model.datasets.values import check_value
from model.engine.filters.expression import DATASETS, FilterExpressionError
from model.engine.filters.linter import Sample, explain, pointer, report
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.datasets.avro_schema import Schema

FAILED = 1  # an error in the expression, a value or the data
JSON_LINES = {".jsonl", ".ndjson", ".json"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Explain a filter (by default that of the command line), and return the exit status: 0, or 1 after an error."""
    given = _parser().parse_args(arguments)
    try:
        if given.schema:
            schemas = {schema.dataset_type: schema for schema in map(_schema, given.schema)}
            sample = Sample(_rows(given, schemas))
            lines = report(given.expression, schemas, sample, given.user, given.item, dict(given.value))
        else:
            lines = [*explain(given.expression), "Fields were not checked: give the schemas with --schema."]
    except FilterExpressionError as error:
        sys.stderr.write("\n".join(pointer(given.expression, error)) + "\n")
        return FAILED
    except (InvalidInputError, DatasetError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model.engine.filters",
        description="Explain a filter expression, count what each of its clauses removes, and point at errors",
    )
    parser.add_argument("expression", help="filter expression, as for CreateFilter")
    parser.add_argument("--schema", type=Path, action="append", help="Avro schema of a dataset; once for each")
    for name in DATASETS:
        option = f"--{name.lower().replace('_', '-')}"
        parser.add_argument(option, type=Path, help=f"rows of {name}: CSV, or JSON lines (.jsonl)")
    parser.add_argument("--user", default="", help="id of the current user")
    parser.add_argument("--item", help="id of the current item")
    parser.add_argument(
        "--value",
        type=_value,
        action="append",
        default=[],
        help="""value of a parameter, as in filterValues: --value 'GENRE="drama","crime"' --value MOST=20""",
    )
    return parser


def _value(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError("write a value as NAME=VALUE")
    return name.removeprefix("$"), value


def _schema(path: Path) -> Schema:
    try:
        return read_schema(path.read_text(encoding="utf-8"))
    except DatasetError as error:
        raise InvalidInputError(f"{path.name}: {error}") from None


def _rows(given: argparse.Namespace, schemas: dict[str, Schema]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, dataset_type in DATASETS.items():
        path: Path | None = getattr(given, name.lower())
        if path is None:
            continue
        if dataset_type not in schemas:
            raise InvalidInputError(f"{path.name}: give the schema of {name} with --schema")
        with path.open(encoding="utf-8-sig", newline="") as lines:
            if path.suffix in JSON_LINES:
                rows[dataset_type] = [_row(schemas[dataset_type], line) for line in lines if line.strip()]
            else:
                rows[dataset_type] = list(read_rows(schemas[dataset_type], [(path.name, lines)]))
    return rows


def _row(schema: Schema, line: str) -> dict[str, Any]:
    try:
        stated = json.loads(line)
    except ValueError as error:
        raise InvalidInputError(f"a line is not valid JSON: {error}") from None
    return {column.name: check_value(column, stated.get(column.name)) for column in schema.columns}


if __name__ == "__main__":
    sys.exit(main())
