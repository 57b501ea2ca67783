"""Validate and test every root and module of the Terraform, with the real provider and no network."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from deployment.terraform import INFRASTRUCTURE, invocation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def folders_with_tests() -> Iterator[Path]:
    """Yield the folders that have Terraform tests of their own."""
    for tests in sorted(INFRASTRUCTURE.rglob("tests")):
        if any(tests.glob("*.tftest.hcl")):
            yield tests.parent


def main() -> int:
    """Run `init`, `validate` and `test` in each; return 1 at the first that fails."""
    for folder in folders_with_tests():
        name = folder.relative_to(INFRASTRUCTURE)
        for arguments in (["init", "-backend=false", "-input=false"], ["validate"], ["test"]):
            made = invocation([f"-chdir={name}", *arguments], os.environ)
            data = INFRASTRUCTURE.parent / "build" / "check" / "terraform" / ("-".join(name.parts) or "root")
            environment = made.environment | {"TF_DATA_DIR": str(data)}
            done = subprocess.run(
                made.command, cwd=made.directory, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.stdout.write(f"infrastructure/{name}: terraform {arguments[0]}\n{done.stdout}{done.stderr}\n")
                return 1
        sys.stdout.write(f"infrastructure/{name}: {done.stdout.strip().splitlines()[-1]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
