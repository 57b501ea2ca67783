"""Applies an environment's configuration and starts forwarding: ``python -m deployment.deploy dev [-auto-approve]``.

A first apply leaves the event-source mapping of the function forward off, since without an event tracker its events
would wait until the stream deletes them. The training workflow then creates the event tracker, and a second apply turns
the mapping on, which starts at the oldest record of the stream: no event of the meantime is lost. Later deployments are
one apply and a run of the workflow that finds the event tracker. The API is switched to the new versions at once;
``python -m deployment.release`` does it in steps, as the workflows do. Where there is a shop, its built pages are
uploaded. Further arguments are Terraform's; ``terraform init`` comes first (``infrastructure/README.md``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployment.aliases import switch
from deployment.keys.stored import Keys, ensure_canary
from deployment.pages.upload import PagesError, invalidate, upload
from deployment.terraform import (
    INTERRUPTED,
    PROJECT,
    AnotherEnvironmentError,
    NotInitializedError,
    TerraformMissingError,
    check_initialized,
    invocation,
    run,
)
from deployment.workflow import Progress, WorkflowError, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Step = Callable[[str], AbstractContextManager[Progress]]

# Preparing takes about five minutes on AWS. The apply role's session lasts two hours, with both applies.
_PREPARE_SECONDS = 1800
_POLL_SECONDS = 15


class Outputs(Protocol):
    """The outputs of Terraform by name."""

    def __getitem__(self, name: str) -> Any:
        """Return an output's value."""


Stack = TypeVar("Stack", bound=Outputs)


class DeploymentError(Exception):
    """Terraform failed; its own output has the reason."""


_FAILURES = (AnotherEnvironmentError, NotInitializedError, DeploymentError, PagesError, WorkflowError)


def deploy(
    apply: Callable[[Progress], None],
    outputs: Callable[[], Stack],
    stepfunctions: Callable[[str], Any],
    step: Step,
    poll_seconds: float = _POLL_SECONDS,
) -> Stack:
    """Apply Terraform, ensure the event tracker, and apply again where forwarding is still off.

    Parameters
    ----------
    apply, outputs
        Run `terraform apply`, and return the values of its outputs.
    stepfunctions
        Returns a client of a region.
    step
        Shows a step's title and progress.

    Raises
    ------
    WorkflowError
        Where the event tracker is not created in half an hour. A further deployment continues.
    """
    with step("Apply Terraform") as bar:
        apply(bar)
    stack = outputs()
    # A published id does not prove that its event tracker still exists, so the workflow always describes it.
    with step("Prepare datasets and event tracker") as bar:
        machine = stack["state_machine_arn"]
        try:
            prepare(stepfunctions(machine.split(":")[3]), machine, bar, _PREPARE_SECONDS, poll_seconds)
        except WorkflowError as error:
            # A running training has described the event tracker itself.
            if not (stack["is_prepared"] and "AnotherTrainingRuns" in str(error)):
                raise
    if stack["is_prepared"]:
        return stack
    with step("Forward events") as bar:
        apply(bar)
    return outputs()


class _Lines:
    """Prints each new note on a line of its own."""

    def __init__(self) -> None:
        self._printed: str | None = None

    def show(self, done: float | None = None, total: float | None = None, note: str | None = None) -> None:
        if note and note != self._printed:
            self._printed = note
            sys.stdout.write(f"    {note}\n" if done is None else f"    {done:.0f}/{total:.0f} {note}\n")
            sys.stdout.flush()


@contextmanager
def print_step(title: str) -> Iterator[Progress]:
    """Print the title of a step and its progress."""
    sys.stdout.write(f"==> {title}\n")
    sys.stdout.flush()
    yield _Lines()


def _apply(arguments: list[str]) -> None:
    status = run(["apply", *arguments])
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    if status:
        raise DeploymentError("terraform apply failed")


def _outputs() -> dict[str, Any]:
    call = invocation(["output", "-json"], os.environ)
    done = subprocess.run(
        call.command, cwd=call.directory, env=call.environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise DeploymentError("terraform output failed")
    return {name: output["value"] for name, output in json.loads(done.stdout).items()}


def _stepfunctions(region: str) -> Any:
    return boto3.client("stepfunctions", region_name=region)


def main(arguments: list[str]) -> int:
    """Deploy an environment; return the status: 0 done, 1 failed, 2 wrong usage, 127 no Terraform, 130 interrupted."""
    if not arguments or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m deployment.deploy ENVIRONMENT [arguments of terraform apply]\n")
        return 2
    environment, *given = arguments
    everything = [f"-var-file=environments/{environment}.tfvars", *given]
    try:
        check_initialized(environment, os.environ)
        stack = deploy(lambda _bar: _apply(everything), _outputs, _stepfunctions, print_step)
        with print_step("Switch the API to the new versions"):
            region = stack["state_machine_arn"].split(":")[3]
            switch(boto3.client("lambda", region_name=region), stack["rollout"])
        if stack["has_canary"]:
            with print_step("Ensure the canary's key"):
                ensure_canary(Keys(boto3.client("ssm", region_name=region), environment))
        if pages := stack.get("pages"):
            with print_step("Upload the shop's pages"):
                done = upload(boto3.client("s3", region_name=region), pages["bucket"], PROJECT / "build" / "pages")
                invalidate(boto3.client("cloudfront", region_name=region), pages["distribution_id"], done.files)
    except TerraformMissingError as error:
        sys.stderr.write(f"{error}\n")
        return 127
    except (*_FAILURES, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: partly applied: run it again\n")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
