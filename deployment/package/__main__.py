"""Build the archives, a producer or the pages alone: `--target local|aws|wheel|page|pages`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deployment.check import filters
from deployment.package.archive import files_below, write_archive
from deployment.package.dependencies import InstallError, install, is_loaded
from deployment.package.page import PageBuildError, build_page
from deployment.package.pages import build_pages
from deployment.package.sources import function_files, job_files
from deployment.package.wheel import build_wheel

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("authorise", "collect", "lake", "forward", "recommend", "train", "judge", "canary")
JOB_SCRIPTS = ("datasets.py", "curate.py")
LOCKS = dict.fromkeys(FUNCTIONS, "lambda") | {"collect": "lambda-collect"}
"""The lock of each function's dependencies, in deployment/requirements."""

# Lambda's limits in bytes: the zip of a direct upload, and the unpacked code.
# Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAXIMUM_ZIP = 50 * 1024**2
MAXIMUM_UNPACKED = 250 * 1024**2


def build_function(name: str, dependencies: dict[str, Path], folder: Path) -> str:
    """Write `<folder>/<name>.zip` and return a line that describes it."""
    files = dependencies | function_files(ROOT, name)
    archive = folder / f"{name}.zip"
    digest = write_archive(archive, files)
    unpacked = sum(path.stat().st_size for path in files.values())
    if archive.stat().st_size > MAXIMUM_ZIP or unpacked > MAXIMUM_UNPACKED:
        message = f"{archive.name} is {archive.stat().st_size} bytes, {unpacked} unpacked: more than Lambda accepts"
        raise ValueError(message)
    size = f"{archive.stat().st_size / 1024**2:.1f} MiB, {unpacked / 1024**2:.1f} unpacked"
    return f"{archive.relative_to(ROOT)}  {size}  sha256 {digest[:12]}"


def build_glue(folder: Path) -> list[str]:
    """Write the Glue jobs' scripts and their Python files, and return a line for each."""
    library = folder / "rivulet.zip"
    lines = [f"{library.relative_to(ROOT)}  sha256 {write_archive(library, job_files(ROOT))[:12]}"]
    for name in JOB_SCRIPTS:
        (folder / name).write_bytes((ROOT / "scripts" / name).read_bytes())
        lines.append(f"{(folder / name).relative_to(ROOT)}")
    return lines


def main() -> int:
    """Build every archive of one target, one producer or the pages, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m deployment.package", description=__doc__)
    parser.add_argument(
        "--target",
        choices=["local", "aws", "wheel", "page", "pages"],
        default="aws",
        help="aws: Python 3.13 on arm64, what Terraform deploys, and the wheel; local: this interpreter, for the "
        "laptop's cloud; wheel: the Python producer alone; page: the producer of pages alone; pages: the shop and the "
        "page about the API alone",
    )
    target = parser.parse_args().target
    if target in ("page", "pages"):
        return _build_for_browsers(target)
    if target != "wheel" and filters.main():  # a training would refuse them only after its import
        return 1
    wheels = [] if target == "local" else [str(build_wheel(ROOT, ROOT / "build" / "wheel").relative_to(ROOT))]
    if target == "wheel":
        sys.stdout.write(f"{wheels[0]}\n")
        return 0
    store = ROOT / "build" / "lambda" / "dependencies"
    try:
        dependencies = {lock: _dependencies(lock, target, store) for lock in set(LOCKS.values())}
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    archives = ROOT / "build" / "lambda" / target
    lines = [build_function(name, dependencies[LOCKS[name]], archives) for name in FUNCTIONS]
    sys.stdout.write("\n".join([*lines, *build_glue(ROOT / "build" / "glue"), *wheels]) + "\n")
    return 0


def _dependencies(lock: str, target: str, store: Path) -> dict[str, Path]:
    installed = install(ROOT / "deployment" / "requirements" / f"{lock}.txt", target, store)
    return {name: path for name, path in files_below(installed) if is_loaded(name)}


def _build_for_browsers(target: str) -> int:
    folder = ROOT / "build" / target
    try:
        lines = [build_page(ROOT, folder)] if target == "page" else build_pages(ROOT, folder)
    except PageBuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{line.removeprefix(f'{ROOT}/')}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
