"""The shop and the page about the API, as files for a static host: `backend/web/shop` and `backend/web/reference`."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from deployment.package.page import PageBuildError

ASSETS = "assets"
"""The folder of what has a digest of its content in its name, so that a browser may keep it for ever."""

PACKAGES = "build/web/node_modules"

_SOURCES = Path("backend/web")
_API = Path("backend/contract/generated/openapi.json")
_PAGES = {"index.html": "shop", "reference.html": "reference"}
"""By page: the folder of its template and of the program that it starts."""

_ENTRIES = [*(f"{name}={_SOURCES}/{name}/main.tsx" for name in _PAGES.values()), f"icon={_SOURCES}/design/icon.svg"]
_OPTIONS = (
    *("--bundle", "--minify", "--format=esm", "--target=es2022", "--charset=utf8", "--legal-comments=none"),
    *("--jsx=automatic", "--jsx-import-source=preact", "--loader:.svg=copy", "--log-level=warning"),
    "--entry-names=[name]-[hash]",
)
_PLACEHOLDER = re.compile(r'"{{([\w.]+)}}"')


def build_pages(root: Path, folder: Path) -> list[str]:
    """Write the pages into a folder, which is emptied before, and return a line for each file.

    Raises
    ------
    PageBuildError
        Where the bundler cannot run, or finds an error.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = _bundle(root, folder / ASSETS)
    api = (root / _API).read_bytes()
    (folder / "openapi.json").write_bytes(api)
    for page, source in _PAGES.items():
        template = (root / _SOURCES / source / "index.html").read_text(encoding="utf-8")
        text = _PLACEHOLDER.sub(lambda match: _attribute(folder, f"{ASSETS}/{names[match[1]]}"), template)
        (folder / page).write_text(text, encoding="utf-8")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [f"{path.relative_to(folder)}  {path.stat().st_size} bytes" for path in files]


def digest_of(folder: Path) -> str:
    """Return one digest over the names and the content of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _attribute(folder: Path, path: str) -> str:
    """Return a path as the value of an attribute, with the digest that the browser checks before it uses the file."""
    if path.endswith(".svg"):  # of an icon a browser checks none
        return f'"{path}"'
    digest = base64.b64encode(hashlib.sha384((folder / path).read_bytes()).digest()).decode()
    return f'"{path}" integrity="sha384-{digest}"'


def _bundle(root: Path, assets: Path) -> dict[str, str]:
    """Write the bundles, and return the name of each, such as `shop-ADQTDR2L.js`, by that without the digest."""
    command = [_find_bundler(root), *_ENTRIES, *_OPTIONS, f"--outdir={assets}"]
    environment = os.environ | {"NODE_PATH": str(root / PACKAGES)}
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
    except OSError as error:
        raise PageBuildError(f"esbuild cannot run: {error}") from error
    if done.returncode:
        raise PageBuildError(f"esbuild failed: {done.stdout}{done.stderr}")
    return {re.sub(r"-[0-9A-Z]{8}(?=\.)", "", path.name): path.name for path in assets.iterdir()}


def _find_bundler(root: Path) -> str:
    """Return the path of esbuild's program for this machine, which runs without Node.js."""
    found = sorted((root / PACKAGES / "@esbuild").glob("*/bin/esbuild"))
    if not found:
        raise PageBuildError("esbuild is missing: make build/web/.ready")
    return str(found[0])
