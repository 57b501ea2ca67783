"""Write the files that are generated from the models: ``python -m backend.contract.generate [--check]``.

With ``--check`` it writes nothing, lists the files that differ from the models, and exits with 1 where there are any.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from backend.contract.generators import access, avro, event_types, gateway, openapi, outcomes, structs
from backend.contract.generators.lake import columns, curated
from backend.contract.generators.web import typescript

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]

FILES: dict[str, Callable[[], str]] = {
    "backend/contract/generated/structs.py": structs.structs,
    "backend/contract/generated/openapi.json": openapi.document,
    "model/schemas/interactions.avsc": avro.interactions,
    "model/schemas/items.avsc": avro.items,
    "model/schemas/users.avsc": avro.users,
    "infrastructure/generated/event_types.json": event_types.event_types,
    "infrastructure/modules/lake/generated/columns.json": columns.columns,
    "infrastructure/modules/lake/generated/curated.json": curated.catalogue,
    "scripts/curated/generated.py": curated.module,
    "infrastructure/modules/observability/generated/outcomes.json": outcomes.outcomes,
    "infrastructure/modules/api/generated/models.json": gateway.models,
    "backend/web/producer/generated/contract.ts": typescript.module,
    "infrastructure/modules/api/generated/access.json": access.access,
}
"""The function that returns the content of each generated file, by path."""


def drifted(root: Path = ROOT) -> list[str]:
    """Return the generated files that are missing or differ from the models."""
    return [path for path, make in FILES.items() if not _is(root / path, make())]


def write(root: Path = ROOT) -> list[str]:
    """Write the drifted files and return their paths."""
    paths = drifted(root)
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(FILES[path](), encoding="utf-8")
    return paths


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m backend.contract.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file differs from the models")
    if parser.parse_args(arguments).check:
        paths = drifted()
        for path in paths:
            sys.stderr.write(f"{path} differs from the models; run python -m backend.contract.generate\n")
        return 1 if paths else 0
    for path in write():
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
