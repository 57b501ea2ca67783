"""Run the Terraform tests of every root and module, with the real provider and no network.

`terraform test` also validates the configuration, so `terraform validate` is not needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from deployment.terraform import INFRASTRUCTURE, PROJECT, invocation

if TYPE_CHECKING:
    from pathlib import Path

# Each run is a provider process that uses a core.
_AT_A_TIME = 2


def folders_with_tests() -> list[Path]:
    """Return the folders with Terraform tests."""
    return [tests.parent for tests in sorted(INFRASTRUCTURE.rglob("tests")) if any(tests.glob("*.tftest.hcl"))]


def check(folder: Path) -> tuple[bool, str]:
    """Run `init` and `test` in a folder; return whether it passed, and a message."""
    name = folder.relative_to(INFRASTRUCTURE)
    data = PROJECT / "build" / "check" / "terraform" / ("-".join(name.parts) or "root")
    for arguments in (["init", "-backend=false", "-input=false"], ["test"]):
        call = invocation([f"-chdir={name}", *arguments, "-no-color"], os.environ | {"TF_DATA_DIR": str(data)})
        done = subprocess.run(
            call.command, cwd=call.directory, env=call.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return False, f"infrastructure/{name}: terraform {arguments[0]}\n{done.stdout}{done.stderr}"
    return True, f"infrastructure/{name}: {done.stdout.strip().splitlines()[-1]}"


def main() -> int:
    """Check every folder; return 1 if any fails."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        results = list(pool.map(check, folders_with_tests()))
    sys.stdout.write("\n".join(message for _, message in results) + "\n")
    return 0 if all(passed for passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
