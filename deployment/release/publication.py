"""Writes what a tag publishes: ``python -m deployment.release.publication v1.2.0 FOLDER``.

The folder gets ``notes.md``, the tag's part of the changelog, and ``files/``: the archives, the producers, a
list of their hashes, and a bill of materials of the packages that they carry, in CycloneDX's format.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from deployment.terraform import PROJECT

_PACKAGE = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_SECTION = re.compile(r"^## \[([^\]]+)\].*$", re.MULTILINE)


class PublicationError(Exception):
    """A tag cannot be published; the message has the reason."""


def notes(changelog: str, tag: str) -> str:
    """Return a tag's section of a changelog in the form of Keep a Changelog."""
    headings = list(_SECTION.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading[1] == tag.removeprefix("v"):
            text = changelog[heading.end() : following.start() if following else None].strip()
            if text:
                return text + "\n"
    raise PublicationError(f"CHANGELOG.md has no section [{tag.removeprefix('v')}]: move the unreleased entries there")


def bill_of_materials(lock: str, version: str) -> dict[str, Any]:
    """Return the packages of a hashed lock as CycloneDX 1.6.

    Source: https://cyclonedx.org/docs/1.6/json/
    """
    components: list[dict[str, Any]] = []
    for block in re.split(r"\n(?=\S)", lock):
        if package := _PACKAGE.match(block):
            name, number = package.groups()
            purl = f"pkg:pypi/{name}@{number}"
            # A lock has the hash of each file of a version, of which an archive carries one.
            properties = [{"name": "pip:sha256", "value": value} for value in _HASH.findall(block)]
            components.append(
                {
                    "type": "library",
                    "bom-ref": purl,
                    "name": name,
                    "version": number,
                    "purl": purl,
                    "properties": properties,
                }
            )
    application = {"type": "application", "bom-ref": "rivulet", "name": "rivulet", "version": version}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": application},
        "components": components,
        "dependencies": [{"ref": "rivulet", "dependsOn": [component["bom-ref"] for component in components]}],
    }


def publish(tag: str, folder: Path, build: Path) -> None:
    """Write a tag's notes and files; `PublicationError` without archives or without a section of the changelog."""
    archives = sorted([*(build / "lambda" / "aws").glob("*.zip"), *(build / "glue").glob("*.*")])
    producers = sorted([*(build / "wheel").glob("*.whl"), *(build / "page").glob("rivulet.*")])
    if not archives or len(producers) < 3:  # the wheel, the module of pages, and its types
        raise PublicationError("there are no archives: make package")
    text = notes((PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), tag)
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    (folder / "notes.md").write_text(text, encoding="utf-8")
    lines = []
    for archive in [*archives, *producers]:
        name = archive.name
        if archive not in producers:
            name = f"{'glue' if archive.parent.name == 'glue' else 'lambda'}-{name}"
        shutil.copyfile(archive, files / name)
        lines.append(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {name}\n")
    (files / "SHA256SUMS").write_text("".join(lines), encoding="ascii")
    # The lock of collect includes that of the other functions.
    lock = (PROJECT / "deployment" / "requirements" / "lambda-collect.txt").read_text(encoding="utf-8")
    bill = bill_of_materials(lock, tag.removeprefix("v"))
    (files / "sbom.cyclonedx.json").write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Publish a tag into a folder; return the exit status: 0 done, 1 failed, 2 wrong usage."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m deployment.release.publication TAG FOLDER\n")
        return 2
    try:
        publish(arguments[0], Path(arguments[1]), PROJECT / "build")
    except PublicationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
