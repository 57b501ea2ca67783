"""Takes a change to an environment: plan, apply, rollout, smoke, promote, drift, destroy.

Each command names its environment: ``dev``, ``production``, or ``local`` for the running cloud of the laptop, which
needs no credentials. On AWS the commands need credentials, ``TF_VAR_account_id``, and the other variables that
``environments/<environment>.tfvars`` names.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from deployment.aliases import delete_old_versions, moves
from deployment.arguments import seconds
from deployment.deploy import DeploymentError, print_step
from deployment.keys.stored import Keys, ensure_canary
from deployment.release.applying import apply, destroy
from deployment.release.drift import find_drift
from deployment.release.environment import ARCHIVES, Environment, ReleaseError, open_environment
from deployment.release.plans import plan
from deployment.release.promotion import promote
from deployment.release.rollout import rollout
from deployment.release.smoke import Api, smoke
from deployment.remove.leftovers import OUTLIVES
from deployment.remove.personalize import RemovalError
from deployment.terraform import INTERRUPTED, PROJECT, PROJECT_NAME, AnotherEnvironmentError, TerraformMissingError
from deployment.workflow import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = ARCHIVES / "release"
_POLL_SECONDS = 15.0
_WATCH_SECONDS = 300.0
_DRIFTED = 2
_DIRTY = "-dirty"  # as `git describe --dirty` marks a commit
_FAILURES = (ReleaseError, DeploymentError, WorkflowError, RemovalError, TerraformMissingError, AnotherEnvironmentError)

_EXAMPLES = """
the steps of a deployment, here of the running laptop's cloud:
  python -m deployment.release plan local              prints the plan and the SHA-256 of the stored bundle
  python -m deployment.release apply local SHA256      applies exactly that plan
  python -m deployment.release rollout local           moves the API to the new versions, or back
  python -m deployment.release drift local             reports what was changed by hand
  python -m deployment.release destroy local --confirm local

others:
  python -m deployment.release plan dev --preview      a plan that cannot be applied, as for a pull request
  python -m deployment.release smoke dev               health, an accepted event, a recommendation
  python -m deployment.release promote dev             the archives that dev runs, into build/, for a plan of production
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 done, 1 failed or refused, 2 drift or wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    # A cancelled job of a workflow is terminated: as after Ctrl-C, a rollout then moves the API back.
    terminate = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        status: int = options.command(open_environment(options.environment), options)
    except (*_FAILURES, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt as error:
        sys.stderr.write(f"{error}\n" if str(error) else "interrupted\n")
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, terminate)
    return status


def _plan(environment: Environment, options: argparse.Namespace) -> int:
    commit = _checked_out(options)
    if commit.endswith(_DIRTY):
        sys.stderr.write(f"the working tree has changes that no commit has: the plan is of {commit}\n")
    made = plan(environment, commit, FOLDER / environment.name, is_stored=not options.preview)
    (FOLDER / f"{environment.name}.md").write_text(made.text, encoding="utf-8")
    _print(made.text)
    _output(sha256=made.sha256 or "", changed=str(made.is_changed).lower())
    return 0


def _apply(environment: Environment, options: argparse.Namespace) -> int:
    folder, commit = FOLDER / environment.name, _checked_out(options)
    apply(environment, options.sha256, commit, folder, print_step, _poll_seconds(environment))
    if environment.outputs()["has_canary"]:
        ensure_canary(Keys(environment.client("ssm"), environment.name))
    _print(f"{environment.name} is at commit {commit}")
    return 0


def _rollout(environment: Environment, options: argparse.Namespace) -> int:
    environment.initialize()
    outputs = environment.outputs()
    functions = environment.client("lambda")
    cloudwatch, prefix = environment.client("cloudwatch"), f"{PROJECT_NAME}-{environment.name}"
    planned = moves(functions, outputs["rollout"])
    with _api(environment, outputs) as api:
        rollout(functions, cloudwatch, planned, prefix, lambda: smoke(api), options.seconds, _print)
    by_tests = ", by its smoke tests alone: the laptop evaluates no alarm" if environment.name == "local" else ""
    _print(f"the API works{by_tests}")
    if deleted := delete_old_versions(functions, outputs["rollout"]):
        _print(f"deleted old versions: {', '.join(deleted)}")
    return 0


def _smoke(environment: Environment, _options: argparse.Namespace) -> int:
    environment.initialize()
    with _api(environment, environment.outputs()) as api:
        _print("\n".join(smoke(api)))
    return 0


def _promote(environment: Environment, options: argparse.Namespace) -> int:
    for name, sha256 in promote(environment, _commit(options), ARCHIVES).items():
        _print(f"{name}  sha256 {sha256[:12]}")
    return 0


def _drift(environment: Environment, options: argparse.Namespace) -> int:
    text = find_drift(environment, FOLDER / environment.name)
    _output(drifted=str(text is not None).lower())
    if text is None:
        _print(f"{environment.name} is as its state describes it")
        return 0
    (FOLDER / f"drift-{environment.name}.md").write_text(text, encoding="utf-8")
    _print(text)
    return _DRIFTED if options.exit_code else 0


def _destroy(environment: Environment, options: argparse.Namespace) -> int:
    left = destroy(environment, options.confirm, print_step, _poll_seconds(environment))
    _print(f"{environment.name} is destroyed. What outlives it:")
    _print("\n".join(f"  {line}" for line in OUTLIVES))
    if left:
        _print("Left, although it should not be; AWS can list a deleted resource for some hours more:")
        _print("\n".join(f"  {arn}" for arn in left))
    return 1 if left else 0


def _poll_seconds(environment: Environment) -> float:
    return 0.5 if environment.name == "local" else _POLL_SECONDS


@contextmanager
def _api(environment: Environment, outputs: dict[str, Any]) -> Iterator[Api]:
    """Return the API with a key for the checks, which exists no longer than they take."""
    with Keys(environment.client("ssm"), environment.name).temporary("smoke", ["events:write", "read"]) as key:
        yield Api(environment.api_url(outputs), key)


def _checked_out(options: argparse.Namespace) -> str:
    """Return the commit, marked if the working tree differs from it: its archives are then of no commit."""
    commit = _commit(options)
    return commit if options.commit or not _git("status", "--porcelain") else f"{commit}{_DIRTY}"


def _commit(options: argparse.Namespace) -> str:
    return str(options.commit or _git("rev-parse", "HEAD"))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        raise ReleaseError("the commit is unknown: give --commit")
    return done.stdout.strip()


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _output(**values: str) -> None:
    """Set outputs of the step, where a workflow runs."""
    if file := os.environ.get("GITHUB_OUTPUT"):
        with Path(file).open("a", encoding="utf-8") as outputs:
            outputs.writelines(f"{name}={value}\n" for name, value in values.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deployment.release",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any, text: str, *, needs_commit: bool = False) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("environment", metavar="ENVIRONMENT", help="dev, production or local")
        if needs_commit:
            added.add_argument("--commit", help="the commit that is checked out (default: git's HEAD)")
        added.set_defaults(command=command)
        return added

    planned = add("plan", _plan, "plan, print the redacted changes and their cost, store the plan", needs_commit=True)
    planned.add_argument("--preview", action="store_true", help="store nothing: the plan cannot be applied")
    applied = add("apply", _apply, "apply exactly a stored plan", needs_commit=True)
    applied.add_argument("sha256", metavar="SHA256", help="of the bundle, as plan prints it")
    rolled = add("rollout", _rollout, "move the API to the new versions: a tenth, checks, then all or back")
    rolled.add_argument(
        "--seconds", type=seconds, default=_WATCH_SECONDS, help="how long alarms are watched (default: 300)"
    )
    add("smoke", _smoke, "check the health, post an event, get recommendations")
    add("promote", _promote, "fetch the archives of an applied commit by their hashes", needs_commit=True)
    compared = add("drift", _drift, "compare with the state, and report what was changed by hand")
    compared.add_argument("--exit-code", action="store_true", help="exit with 2 if something differs")
    destroyed = add("destroy", _destroy, "remove every resource, those of Personalize and the log groups included")
    destroyed.add_argument(
        "--confirm", required=True, metavar="ENVIRONMENT", help="the environment's name, typed again"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
