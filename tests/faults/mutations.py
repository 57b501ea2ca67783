"""Break the rules that matter, one by one, and show that a test turns red for each.

    python -m tests.faults.mutations [NAME …]

Each rule is one replacement of text in a product file and one test, in `mutations.toml`. The replacement is made in a
temporary copy of the tree. Exit code 1 where a test stays green, 2 where a replacement or a test no longer fits.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[2]
RULES = Path(__file__).with_name("mutations.toml")
ALL_PASSED, SOME_FAILED = 0, 1  # exit codes of pytest
SURVIVED, STALE = 1, 2
TEST_SECONDS = 300


@dataclass(frozen=True)
class Mutation:
    """A rule, how it is broken, and the test that must notice.

    Attributes
    ----------
    name, rule
        A short name, and the rule in a sentence.
    file
        Relative to the root of the project.
    text, replacement
        What must stand in the file exactly once, and what breaks the rule.
    test
        As pytest names it.
    """

    name: str
    rule: str
    file: str
    text: str
    replacement: str
    test: str


class StaleMutationError(Exception):
    """A replacement or a test does not fit the tree any more; the message names the mutation."""


def read_mutations(path: Path = RULES) -> list[Mutation]:
    """Read the mutations."""
    return [Mutation(**row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["mutations"]]


def mutate(root: Path, mutation: Mutation) -> str:
    """Break a rule in a tree, and return the text of the file before.

    Raises
    ------
    StaleMutationError
        The text does not stand in the file exactly once.
    """
    path = root / mutation.file
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    count = before.count(mutation.text)
    if count != 1:
        raise StaleMutationError(f"{mutation.name}: its text stands {count} times in {mutation.file}")
    path.write_text(before.replace(mutation.text, mutation.replacement), encoding="utf-8")
    return before


def copy_tree(root: Path, target: Path) -> None:
    """Copy the tracked files of a tree, and link what it built."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in {name for name in names if (root / name).is_file()}:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name)
    if (root / "build").exists():
        (target / "build").symlink_to(root / "build")


def run_tests(root: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests in a tree, stop at the first failure, and return pytest's exit code and the end of what it prints."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=TEST_SECONDS
    )
    return done.returncode, (done.stdout + done.stderr)[-2000:]


def check(root: Path, mutations: Sequence[Mutation]) -> list[Mutation]:
    """Print a line for each mutation, and return those that no test noticed.

    Raises
    ------
    StaleMutationError
        A replacement does not fit, or the tests fail without any replacement.
    """
    survivors = []
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        copy_tree(root, copy)
        code, printed = run_tests(copy, dict.fromkeys(mutation.test for mutation in mutations))
        if code != ALL_PASSED:
            raise StaleMutationError(f"the tests fail, or some do not exist, before anything is replaced:\n{printed}")
        for mutation in mutations:
            began = time.monotonic()
            before = mutate(copy, mutation)
            is_red = run_tests(copy, [mutation.test])[0] == SOME_FAILED
            (copy / mutation.file).write_text(before, encoding="utf-8")
            survivors += [] if is_red else [mutation]
            outcome = "red" if is_red else "survived"
            columns = f"{mutation.name:<22} {outcome:<9} {time.monotonic() - began:5.1f} s"
            print(f"{columns}  {mutation.file}  {mutation.test}", flush=True)
    return survivors


def main() -> int:
    """Run the mutations that are named, or all."""
    mutations = read_mutations()
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutations", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the mutations to run (default: all)")
    names = parser.parse_args().names
    unknown = set(names) - {mutation.name for mutation in mutations}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    try:
        survivors = check(ROOT, [mutation for mutation in mutations if not names or mutation.name in names])
    except StaleMutationError as error:
        sys.stderr.write(f"{error}\n")
        return STALE
    return SURVIVED if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
