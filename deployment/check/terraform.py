"""Run the Terraform tests of every root and module, with the real provider and no network.

`terraform test` also validates the configuration, so `terraform validate` is not needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING

from deployment.check.provider import running_provider
from deployment.terraform import INFRASTRUCTURE, PROJECT, invocation

if TYPE_CHECKING:
    from pathlib import Path

DATA = PROJECT / "build" / "check" / "terraform"
# Terraform and the provider together use a core.
_AT_A_TIME = 2


class _FailedError(Exception):
    """Terraform failed; the message is its output."""


def folders_with_tests() -> list[Path]:
    """Return the folders with Terraform tests, those with the most first, so that no long one is left to the end."""
    tests: dict[Path, int] = {}
    for file in sorted(INFRASTRUCTURE.rglob("tests/*.tftest.hcl")):
        tests[file.parents[1]] = tests.get(file.parents[1], 0) + file.stat().st_size
    return sorted(tests, key=lambda folder: -tests[folder])


def check(folder: Path, environments: SimpleQueue[dict[str, str]]) -> tuple[bool, str]:
    """Run `init` and `test` in a folder, in one of the environments; return whether it passed, and a message."""
    name = folder.relative_to(INFRASTRUCTURE)
    environment = environments.get()
    try:
        _terraform(name, environment, "init", "-backend=false", "-input=false")
        printed = _terraform(name, environment, "test")
    except _FailedError as error:
        return False, f"infrastructure/{name}: {error}"
    finally:
        environments.put(environment)
    return True, f"infrastructure/{name}: {printed.strip().splitlines()[-1]}"


def _terraform(name: Path, environment: dict[str, str], *arguments: str) -> str:
    data = DATA / ("-".join(name.parts) or "root")
    call = invocation([f"-chdir={name}", *arguments, "-no-color"], environment | {"TF_DATA_DIR": str(data)})
    done = subprocess.run(
        call.command, cwd=call.directory, env=call.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise _FailedError(f"terraform {arguments[0]}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    """Check every folder; return 1 if any fails."""
    environment = dict(os.environ)
    environments: SimpleQueue[dict[str, str]] = SimpleQueue()
    with ExitStack() as stack, ThreadPoolExecutor(_AT_A_TIME) as pool:
        _terraform(INFRASTRUCTURE.relative_to(INFRASTRUCTURE), environment, "init", "-backend=false", "-input=false")
        for _ in range(_AT_A_TIME):
            environments.put(stack.enter_context(running_provider(DATA / "root", environment)))
        results = list(pool.map(lambda folder: check(folder, environments), folders_with_tests()))
    sys.stdout.write("\n".join(message for _, message in results) + "\n")
    return 0 if all(passed for passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
