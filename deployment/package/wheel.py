"""The wheel of the Python producer: `backend/client` with the part of the contract that it imports.

In the wheel the packages are `rivulet_producer` and `rivulet_producer.contract`, since an application may have a
package `backend` of its own.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import re
import tomllib
from typing import TYPE_CHECKING

from deployment.package.archive import write_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = "rivulet_producer"

# What the client and its part of the contract import, as wide as their use of it; the project's own pins are within.
_REQUIREMENTS = (
    "msgspec<1,>=0.19",
    "pydantic<3,>=2.7",
    'aws-kinesis-agg<2,>=1.2.3; extra == "kinesis"',
    'boto3<2,>=1.34; extra == "kinesis"',
)

_NAMES = {"backend.client": PACKAGE, "backend.contract": f"{PACKAGE}.contract"}
_NAME = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in _NAMES))
_CONTRACT = '"""The data: how events are read, written and refused."""\n'


def build_wheel(root: Path, folder: Path) -> Path:
    """Write the wheel of the project below `root` into a folder, and return its path."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    files = _sources(root)
    information = f"{PACKAGE}-{project['version']}.dist-info"
    files[f"{information}/METADATA"] = _metadata(root, project).encode()
    files[f"{information}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: deployment.package\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{information}/licenses/LICENSE"] = (root / "LICENSE").read_bytes()
    record = f"{information}/RECORD"
    lines = [f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in sorted(files.items())]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    wheel = folder / f"{PACKAGE}-{project['version']}-py3-none-any.whl"
    write_archive(wheel, files)
    return wheel


def _sources(root: Path) -> dict[str, bytes]:
    modules = _reached_modules(root)
    files = {f"{PACKAGE}/py.typed": b"", f"{PACKAGE}/contract/__init__.py": _CONTRACT.encode()}
    for path in modules:
        name = path.relative_to(root / "backend").as_posix().removeprefix("client/")
        text = _NAME.sub(lambda match: _NAMES[match[0]], path.read_text(encoding="utf-8"))
        files[f"{PACKAGE}/{name}"] = text.encode()
    return files


def _reached_modules(root: Path) -> set[Path]:
    """Return the client's modules and those of the contract that they import, without the contract's own `__init__`."""
    waiting = set((root / "backend" / "client").rglob("*.py"))
    reached: set[Path] = set()
    while waiting:
        path = waiting.pop()
        reached.add(path)
        waiting |= {found for name in _imported(path) for found in _files(root, name)} - reached
    return reached


def _files(root: Path, name: str) -> Iterator[Path]:
    """Yield the file of a module of the contract, and the `__init__` of a package below it."""
    if not name.startswith("backend.contract."):
        return
    path = root.joinpath(*name.split("."))
    if path.with_suffix(".py").is_file():
        yield path.with_suffix(".py")
        path = path.parent
    while path.is_dir() and path.name != "contract":
        yield path / "__init__.py"
        path = path.parent


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            if node.module == "backend.contract" and not all(_is_module(path, alias.name) for alias in node.names):
                raise ValueError(
                    f"{path.name} imports backend.contract itself; name its modules, as the wheel has those"
                )


def _is_module(path: Path, name: str) -> bool:
    return any((parent / "contract" / f"{name}.py").is_file() for parent in path.parents)


def _metadata(root: Path, project: dict[str, str]) -> str:
    fields = [
        "Metadata-Version: 2.4",
        "Name: rivulet-producer",
        f"Version: {project['version']}",
        "Summary: Sends events to Rivulet in the background, in order, with retries, and counts the outcome of each.",
        f"License-Expression: {project['license']}",
        "License-File: LICENSE",
        f"Requires-Python: {project['requires-python']}",
        "Provides-Extra: kinesis",
        *(f"Requires-Dist: {requirement}" for requirement in _REQUIREMENTS),
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(fields) + "\n\n" + (root / "backend" / "client" / "README.md").read_text(encoding="utf-8")


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
