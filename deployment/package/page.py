"""The producer of pages: `backend/web/producer` as one ES module, and its types."""

from __future__ import annotations

import gzip
import re
import subprocess
import tempfile
from pathlib import Path

MAXIMUM_GZIPPED = 5000
"""Bytes that the module may add to a page of a shop."""

TOOLS = "build/web/node_modules/.bin"
"""The bundler and the compiler, which `make build/web/.ready` installs."""

INTERNAL = "|".join(
    (
        *("all", "bytes", "clear", "close", "compare", "current", "drop", "encoded", "finish", "hide", "isCorrected"),
        *("isStored", "leave", "listOf", "next", "onScreen", "online", "open", "placeOf", "recall", "refresh"),
        *("remember", "renew", "resume", "retryAfter", "rewrite", "sent", "suppress", "waiting"),
    )
)
"""Names of what the modules share and no page sees, which are shortened; none is that of a browser's own property."""

_SOURCES = "backend/web/producer"
_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_CONSTANT = re.compile(r"^export declare const .*;\n", re.MULTILINE)
_CREATE = "export declare function createClient(options: Options): Client;\n"


class PageBuildError(Exception):
    """The module could not be built, or is larger than it may be."""


def build_page(root: Path, folder: Path) -> str:
    """Write `rivulet.js` and `rivulet.d.ts` into a folder, and return a line with their sizes.

    Raises
    ------
    PageBuildError
        Where a tool fails, or the module has more than 5,000 bytes after `gzip -9`.
    """
    module = build_module(root, folder / "rivulet.js")
    (folder / "rivulet.d.ts").write_text(build_types(root), encoding="utf-8")
    size, gzipped = module.stat().st_size, len(gzip.compress(module.read_bytes(), 9, mtime=0))
    if gzipped > MAXIMUM_GZIPPED:
        raise PageBuildError(f"{module} has {gzipped} bytes after gzip -9, of {MAXIMUM_GZIPPED}")
    return f"{module}  {size} bytes, {gzipped} after gzip -9"


def build_module(root: Path, target: Path) -> Path:
    """Write the module, of whatever size, and return its path."""
    return _bundle(root, target, "--format=esm")


def build_script(root: Path, target: Path) -> Path:
    """Write the same as a script that defines `Rivulet`, for tests without a browser, and return its path."""
    return _bundle(root, target, "--format=iife", "--global-name=Rivulet")


def _bundle(root: Path, target: Path, *form: str) -> Path:
    options = ("--bundle", "--minify", "--target=es2021", "--log-level=warning", f"--mangle-props=^({INTERNAL})$")
    _run(root, "esbuild", f"{_SOURCES}/client.ts", *options, *form, f"--outfile={target}")
    return target


def build_types(root: Path) -> str:
    """Return one file of types, without the constants, which the module does not export."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", folder)
        _run(root, "tsc", "--project", "backend/web", *options)
        declared = [Path(folder, "generated", "contract.d.ts"), Path(folder, "api.d.ts")]
        text = "".join(path.read_text(encoding="utf-8") for path in declared) + _CREATE
    return _CONSTANT.sub("", _IMPORT.sub("", text))


def _run(root: Path, tool: str, *arguments: str) -> None:
    try:
        done = subprocess.run(
            [f"{root}/{TOOLS}/{tool}", *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=300
        )
    except OSError as error:
        raise PageBuildError(f"{tool} cannot run: make build/web/.ready ({error})") from error
    if done.returncode:
        raise PageBuildError(f"{tool} failed: {done.stdout}{done.stderr}")
