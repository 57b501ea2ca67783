"""The third-party packages of the Lambda archives, installed for the target platform."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Lambda's python3.13 is Amazon Linux 2023 with glibc 2.34, so wheels up to manylinux_2_34 run there.
# Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_AWS_PLATFORM = [
    *("--platform", "manylinux2014_aarch64"),
    *("--platform", "manylinux_2_28_aarch64"),
    *("--implementation", "cp"),
    *("--python-version", "3.13"),
    "--only-binary=:all:",
]

# Of pyarrow, more than a quarter: Flight, tests, what compiles against it, and copies of a library by other names.
_NOT_LOADED = re.compile(
    r"pyarrow/((include|includes|src|tests)/.*|.*\.(pxd|pxi|pyx)|[^/]*flight[^/]*|libarrow_python[^/]*\.(so|so\.\d+\.\d+\.\d+))"
)


class InstallError(Exception):
    """pip could not install the packages; the message ends with its own."""


def install(lock: Path, target: str, store: Path) -> Path:
    """Install a hashed lock for `local` or `aws`, unless it is installed already, and return the folder."""
    platform = _AWS_PLATFORM if target == "aws" else []
    kind = f"{target} {platform} {sysconfig.get_platform()} {sys.version_info[:2]} ".encode()
    folder = store / hashlib.sha256(kind + lock.read_bytes()).hexdigest()[:12]
    if folder.is_dir():
        return folder
    unfinished = folder.with_suffix(".partial")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    command = [
        *(sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"),
        *("--require-hashes", "--requirement", str(lock), "--target", str(unfinished), *platform),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(unfinished, ignore_errors=True)
        message = f"pip could not install {lock.name} for {target}: {done.stderr.strip()[-600:]}"
        raise InstallError(message)
    unfinished.rename(folder)
    return folder


def is_loaded(name: str) -> bool:
    """Return whether a file of the dependencies, by its name in the archive, is of use to a function."""
    return not _NOT_LOADED.fullmatch(name)
