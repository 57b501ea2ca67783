"""Build the archives, or a producer alone: `python -m deployment.package --target local|aws|wheel|page`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deployment.check import filters
from deployment.package.archive import files_below, write_archive
from deployment.package.dependencies import InstallError, install
from deployment.package.page import PageBuildError, build_page
from deployment.package.sources import function_files, job_files
from deployment.package.wheel import build_wheel

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("authorise", "collect", "lake", "forward", "recommend", "train", "judge", "canary")

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
    return f"{archive.relative_to(ROOT)}  {archive.stat().st_size / 1024**2:.1f} MiB  sha256 {digest[:12]}"


def build_glue(folder: Path) -> list[str]:
    """Write the Glue job's script and its Python files, and return a line for each."""
    library = folder / "rivulet.zip"
    script = folder / "datasets.py"
    digest = write_archive(library, job_files(ROOT))
    script.write_bytes((ROOT / "scripts" / "datasets.py").read_bytes())
    return [f"{library.relative_to(ROOT)}  sha256 {digest[:12]}", f"{script.relative_to(ROOT)}"]


def main() -> int:
    """Build every archive of one target, or one producer, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m deployment.package", description=__doc__)
    parser.add_argument(
        "--target",
        choices=["local", "aws", "wheel", "page"],
        default="aws",
        help="aws: Python 3.13 on arm64, what Terraform deploys, and the wheel; local: this interpreter, for the "
        "laptop's cloud; wheel: the Python producer alone; page: the producer of pages alone",
    )
    target = parser.parse_args().target
    if target == "page":
        return _build_page()
    if target != "wheel" and filters.main():  # a training would refuse them only after its import
        return 1
    wheels = [] if target == "local" else [str(build_wheel(ROOT, ROOT / "build" / "wheel").relative_to(ROOT))]
    if target == "wheel":
        sys.stdout.write(f"{wheels[0]}\n")
        return 0
    store = ROOT / "build" / "lambda" / "dependencies"
    try:
        installed = install(ROOT / "deployment" / "requirements" / "lambda.txt", target, store)
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    dependencies = dict(files_below(installed))
    lines = [build_function(name, dependencies, ROOT / "build" / "lambda" / target) for name in FUNCTIONS]
    sys.stdout.write("\n".join([*lines, *build_glue(ROOT / "build" / "glue"), *wheels]) + "\n")
    return 0


def _build_page() -> int:
    try:
        line = build_page(ROOT, ROOT / "build" / "page")
    except PageBuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{line.removeprefix(f'{ROOT}/')}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
