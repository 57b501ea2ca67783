"""Finds the packages of `backend` that a function needs, through its imports."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def imported_packages(root: Path, package: str) -> set[str]:
    """Return the sub-packages of `backend` that one of them, such as `collect`, reaches by imports, itself included."""
    reached: set[str] = set()
    waiting = {package}
    while waiting:
        current = waiting.pop()
        folder = root / "backend" / current
        if not folder.is_dir():
            message = f"backend.{current} is imported, but the folder {folder} does not exist"
            raise FileNotFoundError(message)
        reached.add(current)
        for source in folder.rglob("*.py"):
            waiting |= set(_backend_imports(source)) - reached
    return reached


def _backend_imports(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"), filename=str(source))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from backend import http` names the sub-package among the imported names.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names if node.module == "backend")]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "backend" and len(parts) > 1:
                yield parts[1]
