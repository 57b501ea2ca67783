"""Run the checks: `python -m deployment.check [NAME …]`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = str(Path(sys.executable))
BIN = Path(sys.executable).parent
NODE = ROOT / "build" / "node" / "node_modules" / ".bin"
SOURCES = ("backend", "data", "deployment", "model", "scripts", "tests")
TSC = f"{ROOT}/build/web/node_modules/.bin/tsc"
WORKFLOWS = tuple(str(path.relative_to(ROOT)) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")))
STATE_MACHINES = "build/check/state-machines"
RENDERED = "build/check/kubernetes"

# Each check by its name: the commands that must all succeed, run from the root of the project.
CHECKS: dict[str, tuple[tuple[str, ...], ...]] = {
    "format": (
        (f"{BIN}/ruff", "format", "--check", "--quiet", *SOURCES),
        ("terraform", "fmt", "-check", "-recursive", "infrastructure"),
    ),
    "lint": ((f"{BIN}/ruff", "check", "--quiet", *SOURCES),),
    "types": ((f"{BIN}/mypy", "--no-error-summary", *SOURCES),),
    "web": tuple((TSC, "--project", folder) for folder in ("tests/web/producer", "backend/web/shop")),
    "imports": ((f"{BIN}/lint-imports",),),
    "contract": ((PYTHON, "-m", "backend.contract.generate", "--check"),),
    "filters": ((PYTHON, "-m", "deployment.check.filters"),),
    "compatibility": ((PYTHON, "-m", "tests.contract.engine.compatibility", "--check"),),
    "spelling": ((f"{BIN}/codespell", *SOURCES, "infrastructure", "README.md", "CHANGELOG.md"),),
    "vocabulary": ((PYTHON, "-m", "deployment.check.vocabulary"),),
    "structure": ((PYTHON, "-m", "deployment.check.structure"),),
    "workflows": (
        (f"{BIN}/yamllint", "--strict", "--config-file", "deployment/check/yamllint.yaml", ".github"),
        (f"{BIN}/check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS),
        (f"{BIN}/check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", *WORKFLOWS),
        (f"{BIN}/actionlint", *WORKFLOWS),
        (f"{BIN}/zizmor", "--offline", "--quiet", ".github/workflows"),
    ),
    "state-machines": (
        (PYTHON, "-m", "deployment.check.state_machines", STATE_MACHINES),
        (f"{NODE}/asl-validator", "--json-path", f"{STATE_MACHINES}/train.asl.json"),
    ),
    "terraform": (
        (PYTHON, "-m", "deployment.terraform_docs", "--check"),
        (PYTHON, "-m", "deployment.check.terraform_variables"),
        (PYTHON, "-m", "deployment.check.terraform"),
    ),
    "containers": (
        (PYTHON, "-m", "deployment.check.kubernetes", RENDERED),
        (
            f"{ROOT}/build/env/scan/bin/checkov",
            *("--directory", RENDERED, "--directory", "deployment/container"),
            *("--config-file", "deployment/kubernetes/.checkov.yaml"),
        ),
    ),
    "policies": (
        (
            f"{ROOT}/build/env/scan/bin/checkov",
            "--directory",
            "infrastructure",
            "--config-file",
            "infrastructure/.checkov.yaml",
        ),
    ),
}


def run(name: str) -> tuple[str | None, float]:
    """Run one check and return what it complained of, or nothing, and the seconds that it took."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = time.monotonic()
    complaint = None
    for command in CHECKS[name]:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            complaint = f"$ {' '.join(command)}\n{done.stdout.strip()}"
            break
    return complaint, time.monotonic() - started


def main() -> int:
    """Run the checks that are named, or all, and say of each whether it passed."""
    parser = argparse.ArgumentParser(prog="python -m deployment.check", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(CHECKS)} (default: all)")
    names = parser.parse_args().names or list(CHECKS)
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        parser.error(f"there is no check {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (complaint, seconds) in zip(names, pool.map(run, names), strict=True):
            failed += complaint is not None
            sys.stdout.write(f"  {name:<16}{'failed' if complaint else 'passed'}  {seconds:5.1f} s\n")
            if complaint:
                sys.stdout.write(complaint + "\n\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(names) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
