"""Parse the declared filters against the schemas as Personalize would: `python -m deployment.check.filters`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from model.datasets.avro_schema import read_schema
from model.engine.filters.compiled import compile_filter
from model.engine.filters.expression import FilterExpressionError
from model.engine.filters.linter import pointer
from model.engine.personalize.errors import InvalidInputError
from model.engine.personalize.limits import FILTER_FIELDS_PER_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.datasets.avro_schema import Schema

MODEL = Path(__file__).resolve().parents[2] / "model"
SOLUTIONS = MODEL / "solutions" / "default.json"


def faults(solutions: Path, schemas: Path = MODEL / "schemas") -> Iterator[str]:
    """Yield what is wrong with the filters of a declaration, each fault with the filter's name."""
    declaration = json.loads(solutions.read_text(encoding="utf-8"))
    read = [read_schema((schemas / f"{name}.avsc").read_text(encoding="utf-8")) for name in declaration["datasets"]]
    by_type = {schema.dataset_type: schema for schema in read}
    fields: set[str] = set()
    for name, declared in declaration.get("filters", {}).items():
        fault, named = _compiled(declared["expression"], by_type)
        fields |= named
        if fault:
            yield f"{solutions.name}: filter {name}: {fault}"
    if len(fields) > FILTER_FIELDS_PER_GROUP:
        yield (
            f"{solutions.name}: the filters name {len(fields)} different fields; "
            f"Personalize accepts {FILTER_FIELDS_PER_GROUP} in a dataset group"
        )


def _compiled(expression: str, schemas: dict[str, Schema]) -> tuple[str, frozenset[str]]:
    """Return what is wrong with an expression, or nothing, and the fields that it names."""
    try:
        return "", compile_filter(expression, schemas).fields
    except FilterExpressionError as error:
        line, place, what = pointer(expression, error)
        return f"{what}\n    {line}\n    {place}", frozenset()
    except InvalidInputError as error:
        return str(error), frozenset()


def main() -> int:
    """Print what is wrong with the declared filters; return 1 if anything is."""
    found = list(faults(SOLUTIONS))
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
