"""Runs Terraform in ``infrastructure/``: ``python -m deployment.terraform plan``.

Terraform's own files lie under ``build/terraform``: a CLI configuration for a mirror of the providers, where there is
one, and a data folder per root. A leading ``-chdir=FOLDER`` is relative to ``infrastructure/``, so that
``python -m deployment.terraform -chdir=bootstrap init`` works from any folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deployment.processes import run_to_end
from deployment.provider_mirror import CONFIGURATION_VARIABLE, cli_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT = Path(__file__).resolve().parent.parent
PROJECT_NAME = "rivulet"
INFRASTRUCTURE = PROJECT / "infrastructure"
BUILD = PROJECT / "build" / "terraform"

INTERRUPTED = 130
"""Exit status of an interrupted command, by the convention of shells."""

_VARIABLE_FILE = re.compile(r"(?:.*/)?environments/([a-z]+)\.tfvars")
_KEY = re.compile(r'^key\s*=\s*"(.+)"', re.MULTILINE)


class TerraformMissingError(Exception):
    """The search path has no ``terraform``."""


class AnotherEnvironmentError(Exception):
    """Terraform is initialized for the state of another environment than that of the variables."""


class NotInitializedError(Exception):
    """Terraform has no back end yet."""


@dataclass(frozen=True)
class Invocation:
    """One run of Terraform: its command, working directory and environment."""

    command: list[str]
    directory: Path
    environment: dict[str, str]


def invocation(arguments: Sequence[str], environment: Mapping[str, str], build: Path = BUILD) -> Invocation:
    """Return the command, directory and environment to run Terraform with these arguments.

    Parameters
    ----------
    arguments
        Terraform's own arguments; a leading ``-chdir=FOLDER`` names a folder below ``infrastructure/``.
    environment
        Environment variables to start from. ``TF_DATA_DIR`` is kept when set.

    Raises
    ------
    TerraformMissingError
        If the path has no ``terraform``.
    FileNotFoundError
        If ``-chdir`` names a missing folder.
    AnotherEnvironmentError
        If the variables are those of one environment, and the state is that of another.
    """
    program = shutil.which("terraform", path=environment.get("PATH"))
    if program is None:
        raise TerraformMissingError(
            "terraform is not on the PATH: install 1.11 or newer, https://developer.hashicorp.com/terraform/install"
        )
    rest = list(arguments)
    directory = INFRASTRUCTURE
    if rest and rest[0].startswith("-chdir="):
        directory = INFRASTRUCTURE / rest.pop(0).removeprefix("-chdir=")
    if not directory.is_dir():
        raise FileNotFoundError(f"{directory} is not a folder: -chdir is relative to {INFRASTRUCTURE}")
    # A variable that a workflow sets from a missing setting is empty, for which Terraform has no type but text.
    variables = {name: value for name, value in environment.items() if value or not name.startswith("TF_VAR_")}
    # A variable that names a missing file causes a warning on every run.
    variables.pop(CONFIGURATION_VARIABLE, None)
    if (configuration := cli_config(build, environment=environment)) is not None:
        variables[CONFIGURATION_VARIABLE] = str(configuration)
    # Each root has its own, since init writes its back end there.
    variables.setdefault(
        "TF_DATA_DIR", str(build / "data" / "-".join(directory.relative_to(INFRASTRUCTURE).parts or ["root"]))
    )
    _check_environment(rest, directory / variables["TF_DATA_DIR"])
    variables.setdefault("TF_IN_AUTOMATION", "1")
    variables.setdefault("CHECKPOINT_DISABLE", "1")
    # Schemas stay in memory to the end: collecting garbage at each doubling is a third of the work of a run.
    variables.setdefault("GOGC", "400")
    return Invocation([program, *rest], directory, variables)


def _check_environment(arguments: Sequence[str], data: Path) -> None:
    """Refuse one environment's variables with another's state, which Terraform would replace or destroy."""
    initialized = data / "terraform.tfstate"
    if not initialized.is_file():
        return
    backend = json.loads(initialized.read_text(encoding="utf-8")).get("backend") or {}
    key = (backend.get("config") or {}).get("key")
    for argument in arguments:
        if backend.get("type") == "s3" and (named := _VARIABLE_FILE.fullmatch(argument.removeprefix("-var-file="))):
            settings = INFRASTRUCTURE / "environments" / f"{named[1]}.s3.tfbackend"
            expected = _KEY.search(settings.read_text(encoding="utf-8")) if settings.is_file() else None
            if expected and expected[1] != key:
                raise AnotherEnvironmentError(
                    f"the variables are those of {named[1]}, but Terraform is initialized for the state {key}: "
                    f"python -m deployment.terraform init -reconfigure "
                    f"-backend-config=environments/{named[1]}.s3.tfbackend -backend-config=bucket=<state_bucket>"
                )


def check_initialized(environment_name: str, environment: Mapping[str, str]) -> None:
    """Raise `NotInitializedError` where the root has no back end yet; Terraform's own advice lacks its settings."""
    call = invocation([], environment)
    if not (call.directory / call.environment["TF_DATA_DIR"] / "terraform.tfstate").is_file():
        raise NotInitializedError(
            f"Terraform is not initialized: python -m deployment.terraform init "
            f"-backend-config=environments/{environment_name}.s3.tfbackend -backend-config=bucket=<state_bucket>"
        )


def run(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run Terraform and return its exit status, 130 if interrupted; its output goes to this process's output."""
    call = invocation(arguments, os.environ if environment is None else environment)
    ended = run_to_end(call.command, call.directory, call.environment)
    return INTERRUPTED if ended.is_interrupted else ended.status


def main() -> int:
    """Run Terraform with the command line's arguments; exit status 127 if it cannot run."""
    try:
        return run(sys.argv[1:])
    except (TerraformMissingError, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 127
    except AnotherEnvironmentError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
