"""The apply of a stored plan, and the destruction of an environment."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from deployment.deploy import deploy
from deployment.release.environment import REMOVAL_FILE, ReleaseError
from deployment.release.plans import changed_types, fetch, hashes
from deployment.remove.environment import remove_after_destroy, remove_environment
from deployment.remove.leftovers import Owner
from deployment.terraform import PROJECT_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from deployment.deploy import Step
    from deployment.release.environment import Environment
    from deployment.workflow import Progress

# What removal.tfvars changes: protected tables, buckets and the work group, and the schedule of trainings.
_RELEASED = {"aws_athena_workgroup", "aws_dynamodb_table", "aws_s3_bucket", "aws_scheduler_schedule"}
# A first deployment's second apply turns the event-source mapping on, and nothing else.
_FORWARDING = {"aws_lambda_event_source_mapping"}

_AGAIN = (
    "A stored plan is applied once, and what it has applied stays: plan again. On GitHub run the workflow deploy anew, "
    "or re-run all of its jobs: the failed job alone would apply the same plan."
)

_COMPLETE = re.compile(r": (?:Creation|Modifications|Destruction) complete after ")
_SHOWN_RESOURCES = 10  # a line of progress for so many


def apply(
    environment: Environment, sha256: str, commit: str, folder: Path, step: Step, poll_seconds: float
) -> dict[str, Any]:
    """Apply exactly the stored plan and return Terraform's outputs.

    A first deployment also creates the event tracker, and then starts forwarding by a plan of its own, which is refused
    if it changes anything else. The archives that were applied are recorded, so that they can be promoted.

    Raises
    ------
    ReleaseError
        If the plan, the commit or an archive is not the planned one, or the state has changed since the plan.
    """
    environment.initialize()
    planned = fetch(environment, sha256, commit, folder)
    files = iter([planned])

    def run(bar: Progress) -> None:
        file = next(files, None) or _plan_forwarding(environment, folder)
        arguments = ("apply", "-input=false", "-no-color", "-auto-approve", str(file))
        try:
            environment.terraform(*arguments, on_line=_count_resources(bar))
        except ReleaseError as error:
            raise ReleaseError(f"{error}\n{_AGAIN}") from error

    outputs: dict[str, Any] = deploy(
        run, environment.outputs, lambda _region: environment.client("stepfunctions"), step, poll_seconds
    )
    archives = hashes(environment)
    record = {"commit": commit, "archives": archives, "functions": outputs["functions"]}
    record |= {"bucket": outputs["buckets"]["artifacts"]}
    # The next environment may deploy what this one does not, such as the canary.
    for name, path in environment.archives().items():
        if is_optional(name, outputs["functions"]):
            _store(environment, archive_key(environment, archives[name]), path.read_bytes())
    _store(environment, release_key(environment, commit), json.dumps(record, sort_keys=True).encode())
    return outputs


def _count_resources(bar: Progress) -> Callable[[str], None]:
    """Return a function of Terraform's lines that shows how many resources are created, changed or destroyed."""
    done = 0

    def on_line(line: str) -> None:
        nonlocal done
        if _COMPLETE.search(line):
            done += 1
            if done % _SHOWN_RESOURCES == 0:
                bar.show(note=f"{done} resources")

    return on_line


def _store(environment: Environment, key: str, content: bytes) -> None:
    environment.client("s3").put_object(
        Bucket=environment.state_bucket, Key=key, Body=content, **environment.encryption()
    )


def is_optional(archive: str, functions: Mapping[str, str]) -> bool:
    """Return whether an archive, as ``lambda/canary.zip``, is of a function that not every environment has."""
    kind, _, file = archive.partition("/")
    return kind == "lambda" and file.removesuffix(".zip") not in functions


def archive_key(environment: Environment, sha256: str) -> str:
    """Return the key of an optional function's archive, beside the records of the applied commits."""
    return f"{PROJECT_NAME}/{environment.name}/releases/{sha256}.zip"


def release_key(environment: Environment, commit: str) -> str:
    """Return the key of the record of an applied commit."""
    return f"{PROJECT_NAME}/{environment.name}/releases/{commit}.json"


def _plan_forwarding(environment: Environment, folder: Path) -> Path:
    file = folder / "forwarding.tfplan"
    environment.terraform("plan", "-input=false", "-no-color", f"-out={file}", environment.variable_file)
    check_forwarding(json.loads(environment.terraform("show", "-json", str(file))[1]))
    return file


def check_forwarding(shown: Mapping[str, Any]) -> None:
    """Refuse a second plan that does more than to turn the event-source mapping on."""
    if others := sorted(changed_types(shown) - _FORWARDING):
        raise ReleaseError(f"starting to forward events would also change {', '.join(others)}: plan and apply again")


def check_confirmation(environment: Environment, confirmation: str) -> None:
    """Refuse unless the environment's name was typed."""
    if confirmation != environment.name:
        raise ReleaseError(f"nothing is destroyed: type {environment.name} to confirm, not {confirmation!r}")


def _released(environment: Environment) -> list[str]:
    """Return the addresses of the state's resources that are released before a destroy."""
    state = json.loads(environment.terraform("show", "-json")[1])
    modules, found = [state.get("values", {}).get("root_module", {})], []
    while modules:
        module = modules.pop()
        modules += module.get("child_modules", [])
        found += [each["address"] for each in module.get("resources", []) if each["type"] in _RELEASED]
    return sorted(found)


def destroy(environment: Environment, confirmation: str, step: Step, poll_seconds: float) -> list[str]:
    """Remove what the training workflow created, destroy every resource, and remove the log groups that services made.

    A training in progress is stopped. A further call continues where an interrupted one stopped.

    Returns
    -------
    list[str]
        ARNs that have the environment's tags still.

    Raises
    ------
    ReleaseError
        If the confirmation is not the environment's name.
    RemovalError
        If a resource of Personalize still exists after an hour.
    """
    check_confirmation(environment, confirmation)
    environment.initialize()
    owner = Owner(PROJECT_NAME, environment.name)
    remove_environment(
        owner,
        environment.backend["region"],
        environment.client,
        step,
        stop_training=True,
        poll_seconds=poll_seconds,
    )
    arguments = ("-input=false", "-no-color", "-auto-approve", environment.variable_file)
    with step("Release protected tables and buckets"):
        # Those that exist alone: of an interrupted destroy, an apply would create again what is gone.
        if targets := [f"-target={address}" for address in _released(environment)]:
            environment.terraform("apply", *arguments, REMOVAL_FILE, *targets)
    with step("Destroy what Terraform created") as bar:
        environment.terraform("destroy", *arguments, REMOVAL_FILE, on_line=_count_resources(bar))
    return remove_after_destroy(owner, environment.client, step)
