"""Checks that the machine has the required tools and disk space, before anything is built.

`make` runs this with any `python3`, so it uses the standard library only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

# By program: name, argument that prints the version, minimum version, how to get it.
_TOOLS = {
    "java": (
        "JDK",
        "-version",
        (17,),
        "Debian: apt-get install openjdk-17-jdk-headless; macOS: brew install openjdk@17",
    ),
    "terraform": ("Terraform", "version", (1, 11), "https://developer.hashicorp.com/terraform/install"),
    "node": ("Node.js", "--version", (20,), "https://nodejs.org/en/download, or the package of your system"),
}
_PYTHON = (3, 11)
_FREE_BYTES = 6 * 1024**3
# Spark 3.5 runs on Java 8, 11 and 17 only. Source: https://spark.apache.org/docs/3.5.6/
_NEWEST_JAVA = 17


def missing(*programs: str) -> list[str]:
    """Return a sentence with a remedy for each missing prerequisite: Python, these programs, and space on the disk."""
    problems = []
    if sys.version_info[:2] < _PYTHON:
        problems.append(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old, 3.11 or newer is needed: "
            "install it and set it, as in `make demo PYTHON=python3.11`"
        )
    for program in programs:
        name, argument, minimum, remedy = _TOOLS[program]
        version = _version([program, argument])
        if version is None:
            problems.append(f"{name} is missing ({program} does not run): {remedy}")
        elif version < minimum or (name == "JDK" and version[0] > _NEWEST_JAVA):
            required = ".".join(map(str, minimum)) + ("" if name == "JDK" else " or newer")
            problems.append(f"{name} {'.'.join(map(str, version))} is found, {required} is needed: {remedy}")
    free = shutil.disk_usage(os.curdir).free
    if free < _FREE_BYTES:
        problems.append(
            f"only {free / 1024**3:.1f} GiB are free on this disk, {_FREE_BYTES // 1024**3} are needed: free some space"
        )
    return problems


def _version(command: list[str]) -> tuple[int, ...] | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return None
    version = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?|\"(\d+)\"", done.stdout + done.stderr)
    if done.returncode or not version:
        return None
    return tuple(int(part) for part in version.groups() if part)


def main() -> int:
    """Print which of the named programs, and of what every command needs, is missing; exit with 1 if anything is."""
    problems = missing(*sys.argv[1:])
    for problem in problems:
        sys.stderr.write("missing: " + problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
