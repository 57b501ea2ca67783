"""Finds the files of this project that an archive holds; a function's are those that it reaches by imports."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from deployment.package.archive import files_below

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def function_files(root: Path, name: str) -> dict[str, Path]:
    """Return the project's files of a function's archive, without its dependencies, by their names in it."""
    backend = root / "backend"
    files = {"backend/__init__.py": backend / "__init__.py"}
    for package in imported_packages(root, name):
        files |= {f"backend/{package}/{inner}": path for inner, path in files_below(backend / package)}
    return files


def job_files(root: Path) -> dict[str, Path]:
    """Return the files of the Glue jobs' library, by their names in it."""
    files = {f"scripts/{name}": path for name, path in files_below(root / "scripts")}
    return files | {f"model/schemas/{name}": path for name, path in files_below(root / "model" / "schemas")}


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
